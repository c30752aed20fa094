/**
 * Checks a file of prompts before an experiment: columns, single tokens, alignment; then how well a model does the task.
 *
 *   deno run -A check_task.ts examples/own_task.csv --model pythia-nano
 *
 * Prints every fault of the file, not just the first. Exit code 1 if there are any.
 */
import { Command, Option } from "@commander-js/extra-typings";
import { mean, UserError } from "./utils/base/mod.ts";
import { promptTokenizer } from "./utils/experiments/mod.ts";
import {
  HookedModel,
  loadTokenizer,
  readModelConfig,
  resolveModel,
  showTokens,
} from "./utils/model/mod.ts";
import {
  checkUserTask,
  computeMetrics,
  readoutLogits,
  TASK_NAMES,
  type TaskData,
  taskNameOf,
} from "./utils/tasks/mod.ts";
import { tellUserErrors } from "./plotting/figures/mod.ts";

/** Runs a part of the check. @throws UserError for a fault of a file or of the model's name. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof Error) || cause.constructor !== Error) throw cause;
    throw new UserError(cause.message, 2, { cause });
  }
}

/** Most prompts that are listed as answered wrongly. */
const MOST_SHOWN = 5;

/** Prints accuracy and metric of a model on clean and corrupted prompts. */
async function printPerformance(model: HookedModel, task: TaskData): Promise<void> {
  const { name } = task.metric, V = model.config.vocabSize;
  const swapped = task.prompts.map((pair) => ({ ...pair, clean: pair.corrupted }));
  const logits = await readoutLogits(model, task);
  const clean = computeMetrics(logits, V, task, ["accuracy", name]);
  const other = await readoutLogits(model, { prompts: swapped });
  const corrupted = computeMetrics(other, V, task, ["accuracy", name]);
  const [good, bad] = [mean(clean[name]), mean(corrupted[name])];
  console.log(
    `${name} ${good.toFixed(3)} on clean prompts, ${bad.toFixed(3)} on corrupted ones; ` +
      `accuracy ${mean(clean.accuracy).toFixed(3)} and ${mean(corrupted.accuracy).toFixed(3)}`,
  );
  const wrong = task.prompts.flatMap((_, i) => clean.accuracy[i] === 0 ? [i] : []);
  for (const i of wrong.slice(0, MOST_SHOWN)) {
    const row = logits.subarray(i * V, (i + 1) * V);
    const best = row.reduce((top, x, id) => x > row[top] ? id : top, 0);
    const { cleanText } = task.prompts[i];
    console.log(`  wrong: ${cleanText} → ${JSON.stringify(model.toText([best]))} is most probable`);
  }
  if (wrong.length > MOST_SHOWN) console.log(`  and ${wrong.length - MOST_SHOWN} more`);
  if (good <= bad) {
    console.log(
      "warning: the model does no better on clean prompts than on corrupted ones; a circuit found here means nothing",
    );
  }
}

if (import.meta.main) {
  const command = new Command("deno run -A check_task.ts")
    .description("Checks a CSV or JSONL file of prompts (clean, corrupted, correct, wrong).")
    .argument("<file>", "the file")
    .option("--model <name>", "model name, Hugging Face id or local folder", "pythia-nano")
    .option("--step <n>", "checkpoint; default: the last one in a folder, main on the Hub")
    .addOption(
      new Option("--mode <mode>", "how answers are compared")
        .choices(["simple", "pairs", "groups", "group_sum"] as const),
    )
    .option(
      "--prepend-bos",
      "begin prompts with the token that begins a text; default: as experiments do",
    )
    .addOption(new Option("--no-prepend-bos").hideHelp())
    .option("--no-performance", "check the file only")
    .addHelpText("after", "\nExample:\n  deno run -A check_task.ts examples/own_task.csv")
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const [file] = command.processedArgs;
    const { model: name, step, mode, performance, prependBos } = command.opts();
    if (step !== undefined && !/^\d+$/.test(step)) {
      throw new UserError(`--step: expected a whole number ≥ 0, found "${step}"`, 2);
    }
    const dir = await told(resolveModel(name, { revision: step && `step${step}` }));
    const model = await told(readModelConfig(dir));
    const tokenizer = promptTokenizer(await told(loadTokenizer(dir)), model, {
      prepend_bos: prependBos,
    });
    const { rows, faults, warnings, task } = await told(
      checkUserTask(taskNameOf(undefined, file, TASK_NAMES)!, file, tokenizer, { mode }),
    );
    faults.forEach((fault) => console.error(`error: ${fault}`));
    warnings.forEach((warning) => console.error(`warning: ${warning}`));
    if (task === undefined) {
      throw new UserError(`${file}: ${faults.length} faults in ${rows} prompts`);
    }
    const [first] = task.prompts;
    const lengths = task.prompts.map(({ clean }) => clean.length);
    console.log(
      `task "${task.task}": ${rows} prompts of ${Math.min(...lengths)} to ${
        Math.max(...lengths)
      } tokens; ` +
        `answers compared by "${task.mode}", metric ${task.metric.name}`,
    );
    console.log(
      `first: ${showTokens(tokenizer, first.clean)} → ${showTokens(tokenizer, first.correct)}, ` +
        `not ${showTokens(tokenizer, first.wrong)}`,
    );
    if (performance) await printPerformance(await told(HookedModel.load(dir)), task);
  });
}
