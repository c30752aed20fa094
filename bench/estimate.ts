/**
 * What `--estimate` says, and what the run then takes: the main script on random weights of a real shape, in processes of
 * their own. Times of the run are those of its processor (one thread), which other processes disturb least.
 */
import { join } from "@std/path";
import { neoxConfigJson } from "../utils/language_model/mod.ts";
import { type ModelConfig, randomSource, unitNames, unitTensors } from "../utils/model/mod.ts";
import { writeSafetensors } from "../utils/tensor_files/mod.ts";
import { type Bench, type BenchCase, type Measurement } from "./case.ts";

const ROOT = join(import.meta.dirname!, "..");
const SCRIPT = join(ROOT, "get_circuits_over_time.ts");
/** The tokenizer of the random models, whose rows it does not fill. */
const TOKENIZER = join(ROOT, "models", "pythia-nano", "step6144", "tokenizer.json");

/** Settings of the run: a fixed number of circuits, since random weights pass no threshold. */
const FLAGS = ["--threads", "1", "--ig-steps", "5", "--search-type", "linear", "--end", "400"];

async function writeModel(folder: string, config: ModelConfig): Promise<void> {
  const source = randomSource(config);
  const tensors: Parameters<typeof writeSafetensors>[1] = {};
  for (const unit of unitNames(config)) {
    const weights = await source.load(unit);
    for (const [feed, [name, shape]] of Object.entries(unitTensors(config, unit))) {
      tensors[name] = { dtype: "F16", shape, data: weights[feed].data as Float32Array };
    }
  }
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
  await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(neoxConfigJson(config)));
  await Deno.copyFile(TOKENIZER, join(folder, "tokenizer.json"));
}

async function runScript(folder: string, prompts: number, ...more: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--preload", join(import.meta.dirname!, "run_report.ts")],
      ...[SCRIPT, ...FLAGS, "--model", folder, "--results-dir", join(folder, "results")],
      ...["--n-prompts", String(prompts), ...more],
    ],
  }).output();
  const text = new TextDecoder(), report = text.decode(stderr);
  if (code !== 0) throw new Error(report);
  return { stdout: text.decode(stdout), report: report.trim().split("\n").at(-1)! };
}

async function measure(config: ModelConfig, c: BenchCase): Promise<Measurement> {
  const folder = await Deno.makeTempDir();
  try {
    await writeModel(folder, config);
    const said = await runScript(folder, c.prompts, "--estimate", "--json");
    const { estimate } = JSON.parse(said.stdout);
    const run = JSON.parse((await runScript(folder, c.prompts)).report);
    const memory = estimate.memory_bytes / 2 ** 20;
    return {
      tokens: 0,
      seconds: run.seconds,
      flops: estimate.flops,
      peakRssMb: run.peakRssMb,
      weightsMb: estimate.weights_bytes / 2 ** 20,
      more: {
        estimated_seconds: estimate.seconds,
        time_ratio: estimate.seconds / run.seconds,
        estimated_mb: memory,
        memory_ratio: memory / run.peakRssMb,
        seconds_to_estimate: JSON.parse(said.report).seconds,
      },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export const benches: Bench[] = [{
  name: "estimate",
  description: "what --estimate says of time and memory, and what the main script then takes",
  shapes: ["pythia-nano", "pythia-160m", "pythia-410m"],
  prompts: [20],
  measure,
}];
