/** Heads of one checkpoint put into another, `comp_swap/{model}/{task}.json`: by the target's step, group of heads. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";

const entry = z.record(
  z.string(),
  z.object({
    baseline_val: z.number(),
    /** by source step */
    swapped_val: z.record(z.string(), z.number()),
    /** swapped − baseline, by source step */
    difference: z.record(z.string(), z.number()),
  }),
);

/** Swaps into one checkpoint, by group of heads. */
export type ComponentSwaps = z.infer<typeof entry>;

const header = z.object({ model: z.string(), metric: z.string() });

/** Header of the file. */
export type SwapHeader = z.infer<typeof header>;

/** `comp_swap/{model}/{task}.json`. */
export const componentSwaps: ResultKind<SwapHeader, ComponentSwaps, [task: string]> = defineResult({
  format: "circuits-over-time/component_swaps/1",
  madeBy: "get_component_swaps.ts",
  path: (paths, task: string) => paths.componentSwap(task),
  header,
  entry,
});
