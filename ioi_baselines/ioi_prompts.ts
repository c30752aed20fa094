/** A checkpoint with everything that the notebooks need: prompts, their six flips, read-out, repeated random tokens. */
import { FLIPS, repeatedTokens } from "../utils/heads/mod.ts";
import {
  FOLDED,
  HookedModel,
  listLocalSteps,
  loadTokenizer,
  modelSource,
  readModelConfig,
  type Readout,
  resolveModel,
  Runtime,
} from "../utils/model/mod.ts";
import { scheduleSteps } from "../utils/cli/mod.ts";
import {
  type IoiFlipName,
  loadTask,
  type PromptPair,
  readoutOf,
  type TaskData,
} from "../utils/tasks/mod.ts";
import { trainingTime } from "../notebooks/mod.ts";

/** A training step, or the last checkpoint. */
export type Step = number | "last";

/** A model and the prompts to study it on. */
export interface Ioi {
  /** the model, with folded weights */
  model: HookedModel;
  /** the task; corrupted prompts repeat IO in place of S2 */
  task: TaskData;
  /** the prompts of the task */
  prompts: readonly PromptPair[];
  /** the same clean prompts with the corrupted prompts of each flip */
  flips: Record<IoiFlipName, readonly PromptPair[]>;
  /** logit of IO minus logit of S at END */
  readout: Readout;
  /** random tokens repeated once */
  repeated: number[][];
}

const runtimes = new Map<string, Runtime>();

/** Returns one runtime per number of threads, so that checkpoints share compiled sessions. Small models use one thread. */
function runtimeFor(dModel: number): Runtime {
  const threads = dModel < 256 ? 1 : undefined;
  const key = String(threads);
  if (!runtimes.has(key)) runtimes.set(key, new Runtime({ threads }));
  return runtimes.get(key)!;
}

/**
 * Opens a checkpoint with folded weights and makes `n` prompts for its tokenizer, always the same ones.
 * @throws Error naming a model, step or file that is missing.
 */
export async function openIoi(name: string, step: Step = "last", n = 70): Promise<Ioi> {
  const dir = await resolveModel(name, { revision: step === "last" ? "main" : `step${step}` });
  const { dModel, maxPositions } = await readModelConfig(dir);
  const model = await HookedModel.load(dir, { processing: FOLDED, runtime: runtimeFor(dModel) });
  const tokenizer = await loadTokenizer(dir);
  const task = await loadTask("ioi", tokenizer, { n });
  const flips = Object.fromEntries(
    await Promise.all(
      FLIPS.map(async (flip) => [flip, (await loadTask("ioi", tokenizer, { n, flip })).prompts]),
    ),
  );
  const repeated = repeatedTokens({
    half: Math.min(100, Math.floor(maxPositions / 8)),
    ids: [100, Math.min(19_999, tokenizer.vocabSize - 1)],
  });
  return { model, task, prompts: task.prompts, flips, readout: readoutOf(task), repeated };
}

/**
 * Returns about `count` training steps of a model, evenly over {@link trainingTime}, with the first and the last one. They
 * are steps of the model's folder, or steps that Pythia publishes.
 * @throws Error if the model has none.
 */
export function someSteps(name: string, count: number): number[] {
  const source = modelSource(name);
  const steps = source.kind === "folder" ? listLocalSteps(source.dir) : scheduleSteps("all");
  if (steps.length === 0) {
    throw new Error(`${name}: expected sub-folders step0, step1, …, found none`);
  }
  const time = (step: number) => trainingTime(step, steps.at(-1)!);
  const nearest = Array.from({ length: count }, (_, i) => {
    const away = (step: number) => Math.abs(time(step) - i / Math.max(1, count - 1));
    return steps.reduce((a, b) => away(b) < away(a) ? b : a);
  });
  return [...new Set([...nearest, steps.at(-1)!])].sort((a, b) => a - b);
}

/**
 * Returns the clean prompts with a third name in place of S2, so that no name is repeated.
 * @throws Error if the prompts have only two names.
 */
export function withoutRepetition(prompts: readonly PromptPair[]): PromptPair[] {
  return prompts.map((prompt, n) => {
    const { clean, marks, correct: [io], wrong: [s] } = prompt;
    const others = [...prompts.slice(n + 1), ...prompts.slice(0, n)].map((p) => p.correct[0]);
    const third = others.find((id) => id !== io && id !== s);
    if (third === undefined) {
      throw new Error("expected prompts with at least three names, found two");
    }
    return { ...prompt, clean: clean.map((id, p) => p === marks!.S2 ? third : id) };
  });
}
