/** Refuses models that a computation is not written for, by name. */
import { UserError } from "../base/mod.ts";
import type { ModelConfig } from "./config.ts";

/** What a computation cannot do. */
export interface Limits {
  /** RMSNorms, which subtract no mean */
  rms?: boolean;
  /** norms after attention and MLP, or none before */
  postNorm?: boolean;
  /** MLPs with a gate */
  gated?: boolean;
  /** heads that share keys and values */
  grouped?: boolean;
  /** queries, keys and values that are cut off */
  clipped?: boolean;
  /** logits that are capped */
  cappedLogits?: boolean;
}

/**
 * Checks that a model has none of the traits that a computation cannot do.
 * @param what names the computation, e.g. "CSPA"
 * @throws UserError naming the computation, the model's architecture and the trait.
 */
export function refuseTraits(
  { architecture, llama, nHeads }: ModelConfig,
  what: string,
  limits: Limits,
): void {
  if (!llama) return;
  const found: [boolean, string][] = [
    [limits.rms === true && llama.norm === "rms", "RMSNorms, which subtract no mean"],
    [
      limits.postNorm === true && (llama.postNorm || !llama.preNorm),
      "norms after attention and MLP",
    ],
    [limits.gated === true, "MLPs with a gate"],
    [limits.grouped === true && llama.nKvHeads < nHeads, "heads that share keys and values"],
    [limits.clipped === true && llama.clip !== undefined, "queries and keys that are cut off"],
    [limits.cappedLogits === true && llama.logitCap !== undefined, "capped logits"],
  ];
  const traits = found.filter(([is]) => is).map(([, trait]) => trait);
  if (traits.length === 0) return;
  throw new UserError(
    `${what} is not available for ${architecture} models: they have ${traits.join(", ")}`,
    2,
  );
}
