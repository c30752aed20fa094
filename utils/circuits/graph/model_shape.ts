/** The circuit graph of a model. */
import type { ModelConfig } from "../../model/mod.ts";
import type { CircuitShape } from "./graph.ts";

/** Returns the shape of the circuit graph of a model with this configuration. */
export function circuitShape({ nLayers, nHeads, parallel, llama }: ModelConfig): CircuitShape {
  return { nLayers, nHeads, parallel, ...(llama?.qkNorm === "all" && { coupled: true }) };
}
