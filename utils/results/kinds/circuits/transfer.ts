/**
 * Transfer of circuits between checkpoints, `graphs/{model}/{task}/transfer.json`: by the step of the model, the
 * faithfulness of each checkpoint's circuit in it. Its `config` names the circuits by steps and digest.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../../kind.ts";

/** `graphs/{model}/{task}/transfer.json`. */
export const circuitTransfers: ResultKind<
  Record<string, never>,
  number[],
  [task: string]
> = defineResult({
  format: "circuits-over-time/transfer/1",
  madeBy: "get_circuits_over_time.ts",
  path: (paths, task: string) => paths.transfer(task),
  header: z.object({}),
  entry: z.array(z.number()),
});
