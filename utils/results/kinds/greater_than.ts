/** What the parts of the greater-than circuit do, `circuit_verification/{model}/greater_than.json`. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { type ModelHeader, modelHeader } from "./parts.ts";

const byNode = z.record(z.string(), z.number());

const entry = z.object({
  /** by head, 0 … 1 */
  attn_patterns: byNode,
  /** by head, 0 … 1 */
  attn_logits: byNode,
  /** by MLP, in logits */
  mlp_logits: byNode,
});

/** Parts of the circuit by node name; empty where the circuit has none. */
export type GreaterThanParts = z.infer<typeof entry>;

/** `circuit_verification/{model}/greater_than.json`. */
export const greaterThanChecks: ResultKind<ModelHeader, GreaterThanParts, []> = defineResult({
  format: "circuits-over-time/greater_than/1",
  madeBy: "verify_greater_than.ts",
  path: (paths) => paths.circuitVerification("greater_than"),
  header: modelHeader,
  entry,
});
