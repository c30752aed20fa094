/** Which trainings kernels can do. */
import type { CoderObjectiveSettings } from "../coder_objective.ts";
import type { CoderOptimiserSettings } from "../optimiser.ts";

/** Returns what a training needs and kernels do not have; undefined when they have all of it. */
export function kernelsLack(
  { activation, shape, terms = [], dead }: CoderObjectiveSettings,
  { clip }: Pick<CoderOptimiserSettings, "clip">,
): string | undefined {
  if (activation.kind !== "topk" && activation.kind !== "relu") {
    return `the activation "${activation.kind}"`;
  }
  if ("byDecoderNorm" in activation && activation.byDecoderNorm) return "a choice by decoder norm";
  if (shape.skip) return "a skip connection";
  if (clip !== undefined) return "clipping";
  if (dead.fired === "chosen") return "counts of chosen features that are not positive";
  const term = terms.find((term) => term.kernels === undefined);
  if (term) return `the loss "${term.name}" in this form`;
  const kinds = terms.map(({ kernels }) => kernels!.kind);
  if (new Set(kinds).size < kinds.length) return "two losses of one kind";
  return undefined;
}
