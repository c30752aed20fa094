/**
 * What the heads inside the indirect-object circuit do, `components/{model}/components_over_time.json`, and which heads
 * are of which type, `heads_over_time.json`.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { grid, headNames, type ModelHeader, modelHeader, tertiaryScores } from "./parts.ts";

const madeBy = "get_circuit_components_over_time.ts";

/** Relative changes by flip; 0 for heads that are not S2-inhibition heads. */
const changeByFlip = z.record(z.string(), grid);

const scores = z.object({
  /** whether the model does the task; if not, relative changes mean nothing. Entries of earlier versions lack it */
  able: z.boolean().optional(),
  direct_effect_scores: z.object({
    copy_scores: grid,
    /** copy scores below the threshold set to 0 */
    filtered_copy_scores: grid,
    copy_suppression_scores: grid,
  }),
  s2i_scores: z.object({
    logit_diff: changeByFlip,
    io_attention: changeByFlip,
    s1_attention: changeByFlip,
    s2_attention: changeByFlip,
  }),
  tertiary_head_scores: tertiaryScores,
});

/** Scores of the circuit's heads at one checkpoint, 0 for all other heads. */
export type CircuitComponents = z.infer<typeof scores>;

/** `components/{model}/components_over_time.json`. */
export const circuitComponentScores: ResultKind<ModelHeader, CircuitComponents, []> = defineResult({
  format: "circuits-over-time/circuit_components/1",
  madeBy,
  path: (paths) => paths.components("components_over_time"),
  header: modelHeader,
  entry: scores,
  grids: true,
});

const heads = z.object({
  /** write to the logits */
  direct: headNames,
  /** name movers */
  nmh: headNames,
  /** S2-inhibition heads */
  s2i: headNames,
  /** write anywhere */
  circuit: headNames,
});

/** Heads of the circuit by type at one checkpoint. */
export type HeadsOfTypes = z.infer<typeof heads>;

/** `components/{model}/heads_over_time.json`. */
export const headsByType: ResultKind<ModelHeader, HeadsOfTypes, []> = defineResult({
  format: "circuits-over-time/heads_over_time/1",
  madeBy,
  path: (paths) => paths.components("heads_over_time"),
  header: modelHeader,
  entry: heads,
});
