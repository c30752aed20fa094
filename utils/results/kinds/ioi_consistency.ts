/** Algorithmic consistency of the indirect-object circuit, `algorithmic_consistency/ioi/{model}.json`. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { grid, headNames, type ModelHeader, modelHeader } from "./parts.ts";

const entry = z.object({
  /** whether the model does the task; if not, shares of effects mean nothing. Entries of earlier versions lack it */
  able: z.boolean().optional(),
  /** percent explained, 0 … 100 */
  direct_effects: z.number(),
  s2i_effects: z.number(),
  tertiary_effects: z.number(),
  heads: z.object({
    name_movers: headNames,
    negative_name_movers: headNames,
    copy_suppression: headNames,
    negative_copy_suppression: headNames,
    s2_inhibition: headNames,
    induction: headNames,
    duplicate_token: headNames,
  }),
  /** null where a level has no receivers */
  effects: z.object({ direct: grid, s2i: grid.nullable(), tertiary: grid.nullable() }),
  cspa_from: z.enum(["file", "computed"]),
});

/** Consistency at one checkpoint. */
export type Consistency = z.infer<typeof entry>;

/** `algorithmic_consistency/ioi/{model}.json`. */
export const ioiConsistencies: ResultKind<ModelHeader, Consistency, []> = defineResult({
  format: "circuits-over-time/ioi_consistency/1",
  madeBy: "get_ioi_consistency.ts",
  path: (paths) => paths.algorithmicConsistency("ioi"),
  header: modelHeader,
  entry,
});
