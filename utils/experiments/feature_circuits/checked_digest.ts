/** Tells results of a set of coders from those of another that was later written to the same place. */
import { UserError } from "../../base/mod.ts";
import { codersDigest } from "../../transcoders/mod.ts";
import { type CoderSet, openSet } from "./coder_sets.ts";

/** What the check needs of a result file. */
interface Digested {
  readonly path: string;
  steps(): number[];
  get(step: number): { coders_digest: string };
}

/** Checks that a file's entries are of the coders that are there now. @throws UserError naming the file and the step. */
export async function checkCoders(file: Digested, set: CoderSet): Promise<void> {
  for (const step of file.steps()) {
    const now = await codersDigest(await openSet(set, step));
    if (now === file.get(step).coders_digest) continue;
    throw new UserError(
      `${file.path} was made of other transcoders: they have since changed (step ${step}); start from scratch with ` +
        "--overwrite, or choose another results_dir",
    );
  }
}
