/**
 * A kill campaign of `train_transcoder.ts`: two checkpoints, with resampling, evaluations on the way and at the end,
 * intermediate coders and states every other step.
 *
 *   deno run -A tests/support/kill_train_transcoder.ts [kills] [seed]
 */
import { join } from "@std/path";
import { listLocalSteps } from "../../utils/model/mod.ts";
import { type CampaignEnd, killCampaign } from "./kill_campaign.ts";

const MODEL = new URL("../../models/pythia-nano", import.meta.url).pathname;

/** Runs the campaign. Asserts that the bytes are the same. */
export async function killTraining(
  kills: number,
  seed: number,
  report?: (line: string) => void,
): Promise<CampaignEnd> {
  const last = listLocalSteps(MODEL).at(-1)!;
  const folder = await Deno.makeTempDir();
  try {
    return await killCampaign({
      script: "train_transcoder",
      args: (folder) => [
        ...["--checkpoints", `0,${last}`, "--warm-start", "moments", "--layers", "1,3"],
        ...["--features", "192", "--k", "4", "--train-batch-size", "128", "--threads", "1"],
        ...["--total-training-tokens", "8000", "--store-batch-size", "8"],
        ...["--n-batches-in-buffer", "6", "--save-every", "2", "--n-checkpoints", "2"],
        ...["--feature-sampling-method", "l2", "--dead-feature-window", "10"],
        ...["--eval-every", "15", "--eval-tokens", "256", "--eval-fit-tokens", "256"],
        ...["--dtype", "float16", "--auxk-coefficient", "0"],
        ...["--output-dir", join(folder, "out"), "--work-dir", join(folder, "work")],
      ],
      ...{ folder, kills, seed, report },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [kills = 30, seed = 1] = Deno.args.map(Number);
  const end = await killTraining(kills, seed, console.log);
  console.log(
    `${end.kills} kills, ${end.duringWrites} of them during a write, ${end.rounds} rounds: the same bytes`,
  );
}
