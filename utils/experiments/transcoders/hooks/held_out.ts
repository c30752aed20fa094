/**
 * The text that coders are evaluated on at the end of a training and on the way. It shares no row with their training text:
 *
 *   eval_text            a file of its own: its first rows; floors are fitted on the rows after them
 *   the embedded corpus  its validation split, which no training row comes from; floors on the training split
 *   a file               the last rows of the first pass, after those that training reads. Where training reads the
 *                        whole file, the run evaluates nothing and says so
 *
 * Packed rows of a file may share a document with a training row, where it goes on from one row to the next.
 */
import { join } from "@std/path";
import {
  type EvaluationRows,
  evaluationRows,
  rowsOf,
  streamRows,
} from "../../../transcoders/mod.ts";
import type { Plan } from "../plan.ts";
import type { OpenRows } from "../model.ts";

/** Rows that run together, as in evaluate_transcoder.ts. */
const BATCH = 16;

/**
 * Returns the rows; undefined where evaluation is off or no text is left.
 * @param training the training text and its rows
 * @throws UserError if `eval_text` has too few rows; Error naming a file that cannot be read.
 */
export async function heldOutRows(
  plan: Plan,
  training: Omit<OpenRows, "close">,
): Promise<EvaluationRows | undefined> {
  const { settings, workDir } = plan;
  const { tokenizer, excluded, text } = training;
  const { eval_tokens: tokens, eval_fit_tokens: fitTokens, context_size: context } = settings;
  if (tokens === 0) return undefined;
  if (settings.eval_text !== undefined || text.rowsPerPass === undefined) {
    return await evaluationRows({
      ...{ tokenizer, text: settings.eval_text, batch: BATCH, context, tokens, fitTokens },
      ...{ seed: 0, excluded, rows: "packed", cacheDir: join(workDir, "tokens") },
    });
  }
  const rows = unreadRows(plan, training, text.rowsPerPass);
  if (rows) return rows;
  console.log(
    `no evaluation: training takes all of ${settings.dataset_path}; give another text as eval_text, or more text`,
  );
}

/** Returns rows at the end of the first pass over the file; undefined where training leaves fewer than two steps. */
function unreadRows(
  { settings, steps, blockRows }: Plan,
  { rows, excluded }: Pick<OpenRows, "rows" | "excluded">,
  rowsPerPass: number,
): EvaluationRows | undefined {
  const { train_batch_size, eval_tokens, eval_fit_tokens } = settings;
  const { stream } = rows;
  const read = rows.stepsOf(Math.ceil(steps * train_batch_size / blockRows) * blockRows);
  const end = Math.floor(rowsPerPass / stream.batch);
  const wanted = (tokens: number) => Math.ceil(tokens / (stream.batch * stream.context));
  const first = Math.max(end - wanted(eval_tokens), Math.ceil((read + end) / 2));
  const fitFrom = Math.max(first - wanted(eval_fit_tokens), read);
  if (end - read < 2) return undefined;
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const of = (from: number, to: number) =>
    streamRows(stream, range(from, to), excluded).flatMap(({ prompts }) =>
      range(0, Math.ceil(prompts.length / BATCH)).map((i) =>
        rowsOf(prompts.slice(i * BATCH, (i + 1) * BATCH), excluded)
      )
    );
  return { rows: of(first, end), fitRows: of(fitFrom, first) };
}
