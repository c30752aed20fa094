/**
 * Stores where all heads attend on the first of a task's prompts, at every checkpoint, for the explorer page.
 *
 *  1. Take the first `attention_prompts` prompts of at most 64 tokens up to the read-out.
 *  2. Name their tokens: the task's marks, the first token that differs in the corrupted prompt, and END, the read-out.
 *  3. At each checkpoint, store the patterns of all heads and each prompt's metric (`attentionPatterns` of results).
 */
import { UserError } from "../../base/mod.ts";
import { attentionPatterns as patternsOf } from "../../heads/mod.ts";
import { type HookedModel, type Readout, type Tokenizer, tokenTexts } from "../../model/mod.ts";
import {
  type AttentionEntry,
  type AttentionHeader,
  attentionPatterns,
  packPatterns,
  type ResultFile,
} from "../../results/mod.ts";
import { firstDifference, type PromptPair, readoutRows } from "../../tasks/mod.ts";
import type { Experiment } from "../experiment.ts";
import type { CircuitConfig } from "./settings.ts";
import type { CircuitTask } from "./task.ts";

/** Longer prompts do not fit a picture. */
const MOST_TOKENS = 64;

/** Keys that determine which prompts there are and what is measured on them. */
const KEYS: readonly string[] = [
  ...["task", "task_file", "n_prompts", "seed", "prepend_bos", "eval_metric"],
];

/** The attention patterns of a run. Made by `openAttention`. */
export class AttentionRecord {
  /** Called by `openAttention`. */
  constructor(
    private readonly prompts: readonly PromptPair[],
    private readonly readout: Readout,
    private readonly file: ResultFile<AttentionEntry>,
  ) {}

  /** Path of the file. */
  get path(): string {
    return this.file.path;
  }

  /** Returns whether a step has patterns. */
  has(step: number): boolean {
    return this.file.has(step);
  }

  /** Returns the steps that have patterns. */
  steps(): number[] {
    return this.file.steps();
  }

  /** Measures and stores the patterns of a step. */
  async add(step: number, model: HookedModel): Promise<void> {
    const cut = this.prompts.map(({ clean, position }) => clean.slice(0, position + 1));
    const bytes = await patternsOf(model, cut);
    const metric = await model.metric(
      cut,
      this.prompts.map(({ position }) => position),
      this.readout,
    );
    await this.file.set(step, { metric: [...metric], patterns: bytes.map(packPatterns) });
  }
}

/**
 * Opens the file of patterns; undefined if the run wants none, or no prompt is short enough. A file with another number of
 * prompts is made again.
 * @throws UserError as `openResultFile`, or if a shard of a run wants another number of prompts than stored.
 */
export async function openAttention(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
): Promise<AttentionRecord | undefined> {
  const places = task.prompts.flatMap(({ position }, i) => position < MOST_TOKENS ? [i] : [])
    .slice(0, config.attention_prompts);
  if (places.length === 0) return undefined;
  const prompts = places.map((i) => task.prompts[i]);
  const about = prompts.map((prompt) => describe(prompt, experiment.tokenizer));
  const stored = await attentionPatterns.readIfThere(experiment.paths, task.name);
  const other = stored !== undefined && stored.header.prompts.length !== prompts.length;
  if (other && experiment.shard) {
    throw new UserError(
      `${stored.path}: expected ${prompts.length} prompts, found ${stored.header.prompts.length}; processes that share ` +
        `checkpoints cannot change the number: set attention_prompts to ${stored.header.prompts.length}`,
      2,
    );
  }
  const settings = task.digest === undefined ? {} : { task_file_digest: task.digest };
  const file = await experiment.results(attentionPatterns, {
    free: Object.keys(config).filter((key) => !KEYS.includes(key)),
    settings,
    header: {
      shape: experiment.shape,
      task: task.name,
      metric: task.metric,
      prompts: about,
    },
    overwrite: other,
  }, task.name);
  return new AttentionRecord(prompts, readoutRows(task.readout, places), file);
}

/** Returns a prompt's tokens as text, its answers, and the positions with a name. */
function describe(prompt: PromptPair, tokenizer: Tokenizer): AttentionHeader["prompts"][number] {
  const { clean, corrupted, position, correct, wrong } = prompt;
  const changed = firstDifference(clean, corrupted, position + 1);
  const marks: Record<string, number> = { ...prompt.marks };
  if (changed <= position && !Object.values(marks).includes(changed)) marks.changed = changed;
  marks.END = position;
  return {
    tokens: tokenTexts(tokenizer, clean.slice(0, position + 1)),
    correct: tokenizer.decode(correct.slice(0, 1)),
    wrong: tokenizer.decode(wrong.slice(0, 1)),
    marks: Object.fromEntries(
      Object.entries(marks).filter(([, at]) => at >= 0 && at <= position).sort((a, b) =>
        a[1] - b[1]
      ),
    ),
  };
}
