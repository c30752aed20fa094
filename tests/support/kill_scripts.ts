/**
 * Kill campaigns of scripts that write on the way: circuits, scores of heads, performance, training of coders, attribution
 * graphs, circuits in features, and a download from a Hub on this machine.
 *
 *   deno task kill [kills=200] [seed=1] [part of a script's name]
 *
 * The kills are spread evenly over the scripts.
 */
import { join } from "@std/path";
import { listLocalSteps } from "../../utils/model/mod.ts";
import { writeCoder } from "../../utils/transcoders/mod.ts";
import { randomCoder } from "./coder_cases.ts";
import { pythia, REPO } from "./hub_model.ts";
import { startHub } from "./hub_server.ts";
import { type CampaignEnd, killCampaign } from "./kill_campaign.ts";

const MODEL = new URL("../../models/pythia-nano", import.meta.url).pathname;
const LAST = listLocalSteps(MODEL).at(-1)!;

/** One script of the campaigns. */
interface KilledScript {
  /** the script without `.ts` */
  script: string;
  /** Makes what the script reads, in a folder of its own. */
  prepare?(folder: string): Promise<void>;
  /** Returns its arguments; all that it writes is below `out`. */
  args(out: string, prepared: string): string[];
}

/** Writes random coders of all layers of pythia-nano for a few steps. */
async function writeCoders(folder: string): Promise<void> {
  for (const step of [0, 4096, LAST]) {
    for (let layer = 0; layer < 4; layer++) {
      const coder = randomCoder({
        ...{ dIn: 96, dOut: 96, features: 40, layer, activation: { name: "topk", k: 6 } },
        inputHook: `blocks.${layer}.mlp.hook_in`,
        outputHook: `blocks.${layer}.hook_mlp_out`,
      }, layer + 1);
      await writeCoder(join(folder, `step${step}`, `layer_${layer}`), coder);
    }
  }
}

/** The scripts by name. */
export const KILLED: Record<string, KilledScript> = {
  circuits: {
    script: "get_circuits_over_time",
    args: (out) => [
      ...["--custom-schedule", `0,512,1024,${LAST}`, "--n-prompts", "8", "--ig-steps", "3"],
      ...["--start", "20", "--end", "100", "--step", "20", "--transfer", "--bootstrap", "5"],
      ...["--threads", "1", "--results-dir", out],
    ],
  },
  heads: {
    script: "get_full_model_components_over_time",
    args: (out) => [
      ...["--dataset-size", "20", "--threads", "1", "--results-dir", out],
    ],
  },
  performance: {
    script: "get_model_task_performance",
    args: (out) => [
      ...["--n-prompts", "20", "--bootstrap", "100", "--threads", "1", "--results-dir", out],
    ],
  },
  training: {
    script: "train_transcoder",
    args: (out) => [
      ...["--checkpoints", `0,${LAST}`, "--warm-start", "moments", "--layers", "1,3"],
      ...["--features", "192", "--k", "4", "--train-batch-size", "128", "--threads", "1"],
      ...["--total-training-tokens", "8000", "--store-batch-size", "8"],
      ...["--n-batches-in-buffer", "6", "--save-every", "2", "--n-checkpoints", "2"],
      ...["--feature-sampling-method", "l2", "--dead-feature-window", "10"],
      ...["--eval-every", "15", "--eval-tokens", "256", "--eval-fit-tokens", "256"],
      ...["--dtype", "float16", "--auxk-coefficient", "0"],
      ...["--output-dir", join(out, "out"), "--work-dir", join(out, "work")],
    ],
  },
  graphs: {
    script: "get_attribution_graph",
    prepare: writeCoders,
    args: (out, prepared) => [
      ...["configs/attribution_graph/pythia-nano_ioi.json", "--n", "3", "--threads", "1"],
      ...["--coders", join(prepared, "step{step}"), "--results-dir", out],
    ],
  },
  features: {
    script: "get_feature_circuits_over_time",
    prepare: writeCoders,
    args: (out, prepared) => [
      ...["--tasks", "gender_pronoun", "--n-prompts", "8", "--end", "60", "--text-tokens", "1024"],
      ...["--bootstrap", "30", "--threads", "1", "--max-edges", "30"],
      ...["--coders", join(prepared, "step{step}"), "--results-dir", out],
    ],
  },
  download: {
    script: "tests/support/download",
    args: (out, endpoint) => [endpoint, out],
  },
};

/**
 * Runs the campaign of one script. Asserts that the bytes are the same and that nothing else is left.
 * @param report is called with a line per kill and per comparison
 */
export async function killScript(
  name: string,
  kills: number,
  seed: number,
  report?: (line: string) => void,
): Promise<CampaignEnd> {
  const { script, prepare, args } = KILLED[name];
  const folder = await Deno.makeTempDir();
  const prepared = join(folder, "prepared");
  await using hub = startHub({ [REPO]: pythia });
  try {
    await prepare?.(prepared);
    return await killCampaign({
      script,
      args: (out) => args(out, name === "download" ? hub.endpoint : prepared),
      ...{ folder, kills, seed, report },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [kills = "200", seed = "1", part = ""] = Deno.args;
  const names = Object.keys(KILLED).filter((name) => name.includes(part));
  const sum: CampaignEnd = { kills: 0, duringWrites: 0, rounds: 0 };
  for (const [i, name] of names.entries()) {
    const share = Math.floor(Number(kills) / names.length) +
      Number(i < Number(kills) % names.length);
    if (share === 0) continue;
    const end = await killScript(
      name,
      share,
      Number(seed),
      (line) => console.log(`${name}: ${line}`),
    );
    for (const key of ["kills", "duringWrites", "rounds"] as const) sum[key] += end[key];
  }
  console.log(
    `${names.length} scripts, ${sum.kills} kills, ${sum.duringWrites} of them during a write, ` +
      `${sum.rounds} rounds: the same bytes, no file left over`,
  );
}
