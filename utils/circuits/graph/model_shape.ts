/** The circuit graph that belongs to a model. */
import type { ModelConfig } from "../../model/config.ts";
import type { CircuitShape } from "./graph.ts";

export function circuitShape({ nLayers, nHeads, parallel }: ModelConfig): CircuitShape {
  return { nLayers, nHeads, parallel };
}
