/**
 * Times path patching against the runs that it usually consists of: all 144 heads of a model of Pythia-160m's shape to the
 * final residual stream over 70 prompts of indirect-object length, against 288 plain forward passes over the same prompts
 * (two whole runs per head). Both sides run in this process; the time of one plain pass is multiplied.
 */
import { cleanRun, corruptedHeads, type PatchPrompt, pathPatch } from "../utils/heads/mod.ts";
import { HookedModel, type ModelConfig, randomSource, Runtime } from "../utils/model/mod.ts";
import { PythonRandom } from "../utils/base/mod.ts";

/** The shape of Pythia-160m. */
export const PYTHIA_160M: ModelConfig = {
  architecture: "gpt_neox",
  nLayers: 12,
  nHeads: 12,
  dModel: 768,
  dHead: 64,
  dMlp: 3072,
  vocabSize: 50304,
  maxPositions: 2048,
  parallel: true,
  rotaryDims: 16,
  rotaryBase: 10000,
  layerNormEps: 1e-5,
  activation: "gelu",
  tied: false,
};

/** Times of both sides. */
export interface PathPatchingTimes {
  /** milliseconds of one plain forward pass over all prompts, read at END */
  forward: number;
  /** milliseconds of path patching from all heads to the final residual stream, with clean and corrupted runs */
  final: number;
  /** milliseconds of path patching from all heads to the queries of two late heads */
  queries: number;
  /** number of plain passes in two whole runs per head */
  passes: number;
  /** `final` as a share of the time of those passes */
  finalShare: number;
  /** `queries` as a share of the time of those passes */
  queriesShare: number;
}

/** Length up to the read-out and position of the second subject, for each of the seven templates of the task. */
const TEMPLATES = [[15, 10], [18, 13], [18, 13], [21, 15], [17, 13], [14, 9], [17, 11]];

function prompts(n: number, vocabSize: number): PatchPrompt[] {
  const random = new PythonRandom(1);
  return Array.from({ length: n }, (_, i) => {
    const [length, s2] = TEMPLATES[i % TEMPLATES.length];
    const clean = Array.from({ length }, () => random.randbelow(vocabSize - 1));
    return { clean, corrupted: clean.with(s2, clean[s2] + 1), position: length - 1 };
  });
}

/** Times both sides. */
export async function benchPathPatching(
  config = PYTHIA_160M,
  n = 70,
): Promise<PathPatchingTimes> {
  const runtime = new Runtime();
  const model = HookedModel.fromSource(randomSource(config), { runtime });
  const pairs = prompts(n, config.vocabSize);
  const answers = Int32Array.from({ length: 2 * n }, (_, i) => i);
  const readout = {
    kind: "logits" as const,
    ids: answers,
    weights: Float32Array.from(answers, (i) => 1 - 2 * (i % 2)),
    width: 2,
  };
  const lists = pairs.map((p) => [...p.clean]);
  const positions = pairs.map((p) => p.position);
  const plain = () => model.metric(lists, positions, readout);
  const final = async () => {
    const clean = await cleanRun(model, pairs, "readout");
    await pathPatch(model, clean, await corruptedHeads(model, clean), "final", readout);
  };
  const heads = [[config.nLayers - 4, 2], [config.nLayers - 2, 5]] as const;
  const queries = async () => {
    const clean = await cleanRun(model, pairs, "changed");
    const switched = await corruptedHeads(model, clean);
    await pathPatch(model, clean, switched, { letter: "q", heads }, readout);
  };
  await plain();
  await final();
  const forward = await best(plain, 3);
  const passes = 2 * config.nLayers * config.nHeads;
  const times = { final: await best(final, 1), queries: await best(queries, 1) };
  model.close();
  await runtime.close();
  return {
    forward,
    ...times,
    passes,
    finalShare: times.final / (passes * forward),
    queriesShare: times.queries / (passes * forward),
  };
}

async function best(run: () => Promise<unknown>, times: number): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await run();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

if (import.meta.main) console.log(await benchPathPatching());
