/**
 * The circuit of a model that does not fit in its memory budget: float16 shards on disk, 14 prompts as in the
 * indirect-object task, 5 path points, two circuit sizes. `read_gb` counts what the run reads from files, conversions and
 * programs included; `file_gb` is the size of the weights.
 */
import { Progress } from "../../utils/cli/mod.ts";
import { circuitSchema, findCircuit } from "../../utils/experiments/mod.ts";
import { HookedModel, type ModelConfig, Runtime } from "../../utils/model/mod.ts";
import { promptBatches } from "../../utils/tasks/mod.ts";
import { type Bench, type BenchCase, type Measurement, peakRssMb, timed } from "../case.ts";
import { attributionFlops, IOI_TEMPLATES, logitDifferences, randomPairs } from "../circuits.ts";
import { writeRandomCheckpoint } from "./files.ts";

/** Budget as a share of the float32 weights: 4 GB at the shape of 2.8b. */
const BUDGET = 0.36;
const STEPS = 5;
/** Evaluates circuits of 200 and 400 edges, and random ones. */
const SIZES = { search_type: "linear", start: 200, end: 600, step: 200 };

async function measure(config: ModelConfig, c: BenchCase): Promise<Measurement> {
  const folder = await Deno.makeTempDir();
  try {
    const file = await writeRandomCheckpoint(folder, config);
    const memoryBudget = 2 * file * BUDGET;
    const runtime = new Runtime({ threads: c.threads });
    const model = await HookedModel.load(folder, { memoryBudget, runtime });
    const prompts = randomPairs(c.prompts, IOI_TEMPLATES, config.vocabSize);
    const readout = logitDifferences(prompts);
    const task = { prompts, readout, metric: "logit_diff" as const };
    const settings = circuitSchema.parse({ ig_steps: STEPS, ...SIZES });
    const before = bytesRead();
    const seconds = await timed(() =>
      findCircuit(model, task, settings, 0, new Progress("checkpoint", 1))
    );
    const peak = peakRssMb();
    const batches = promptBatches(prompts, readout, { batchSize: settings.batch_size });
    return {
      tokens: STEPS * batches.reduce((n, { clean }) => n + clean.length * clean[0].length, 0),
      seconds,
      flops: attributionFlops(config, batches, STEPS),
      peakRssMb: peak,
      weightsMb: model.weights.totalBytes / 2 ** 20,
      more: {
        file_gb: file / 1e9,
        budget_gb: memoryBudget / 1e9,
        over_budget_gb: peak * 2 ** 20 / 1e9 - memoryBudget / 1e9,
        read_gb: (bytesRead() - before) / 1e9,
        times_the_file: (bytesRead() - before) / file,
      },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the bytes that this process has read from files so far, cached ones included. */
function bytesRead(): number {
  try {
    return Number(/rchar: (\d+)/.exec(Deno.readTextFileSync("/proc/self/io"))![1]);
  } catch {
    return NaN;
  }
}

export const benches: Bench[] = [{
  name: "large_model",
  description: "the circuit of a model larger than its memory budget, weights streamed from disk",
  shapes: ["pythia-2.8b-6-layers"],
  prompts: [14],
  measure,
}];
