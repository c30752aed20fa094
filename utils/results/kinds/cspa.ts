/** Copy suppression of every head, `cspa/{model}/all_checkpoints.json`. */
import { z } from "zod";
import { defineResult } from "../kind.ts";
import { grid, modelHeader } from "./parts.ts";

/** `cspa/{model}/all_checkpoints.json`. */
export const copySuppression = defineResult({
  format: "circuits-over-time/cspa/1",
  madeBy: "get_model_cspa.ts",
  path: (paths) => paths.cspa(),
  header: modelHeader,
  entry: z.object({
    /** CSPA, at most 1 */
    scores: grid,
    /** mean divergences in nats */
    kl_kept: grid,
    kl_ablated: grid,
  }),
});
