/**
 * Reads a task from a user's file of prompts.
 *
 * `.jsonl`: one object per line with `clean`, `corrupted`, `correct` and `wrong`; the last two are a text
 * or a list of texts. `.csv`: the same four columns under a header line, with `|` between several
 * answers. Prompts and answers are taken as written, including leading spaces, and every answer must be
 * a single token. The answer is read at the last token of the prompt.
 */
import { parse } from "@std/csv";
import { basename } from "@std/path";
import { parseJson, shortJson } from "../base/mod.ts";
import { requireSingleToken, type Tokenizer } from "../model/mod.ts";
import {
  type AnswerMode,
  makePair,
  type PromptPair,
  type TaskData,
  type TaskMetric,
} from "./prompt_pair.ts";

/** How much of a user's file is read, and how its answers are compared. */
export interface UserTaskOptions {
  /** Largest number of prompts, from the start of the file; default: all. */
  n?: number;
  /** How answers are compared. Default: `simple` if every prompt has one correct and one wrong answer, else `group_sum`. */
  mode?: AnswerMode;
  /** Metric for finding circuits. Default: the probability difference for `group_sum`, else the logit difference. */
  metric?: TaskMetric["name"];
}

/** What {@link checkUserTask} finds in a file. */
export interface TaskCheck {
  /** number of prompts in the file */
  rows: number;
  /** everything that must be fixed, with file and row */
  faults: string[];
  /** what may be a mistake, with file and row */
  warnings: string[];
  /** the task; undefined while there are faults */
  task?: TaskData;
}

/**
 * Returns the name of a task: the one given, or the file's without its extension if none is given, or only that of a
 * built-in task (which the file's prompts are not).
 * @param builtIn names of the built-in tasks
 */
export function taskNameOf(
  task: string | undefined,
  file: string | undefined,
  builtIn: readonly string[],
): string | undefined {
  if (file === undefined || (task !== undefined && !builtIn.includes(task))) return task;
  const name = basename(file).replace(/\.[^.]*$/, "").replaceAll(/[^\p{L}\p{N}_. -]/gu, "_")
    .replace(/^[. ]+/, "");
  return builtIn.includes(name) || name === "" ? `own_${name}` : name;
}

interface Row {
  where: string;
  cleanText: string;
  corruptedText: string;
  correct: string[];
  wrong: string[];
}

const COLUMNS = ["clean", "corrupted", "correct", "wrong"];

/**
 * Reads a task from a CSV or JSONL file.
 * @throws Error naming file and line if the file or a column is missing, an answer is not a single token,
 *   prompts do not align, or answers do not fit the mode.
 */
export async function loadUserTask(
  task: string,
  file: string,
  tokenizer: Tokenizer,
  options: UserTaskOptions = {},
): Promise<TaskData> {
  const rows = parseRows(file, await readText(file)).slice(0, options.n);
  if (rows.length === 0) throw new Error(`${file}: expected prompts, found none`);
  const prompts = rows.map((row) => toPair(tokenizer, row));
  const simple = prompts.every((p) => p.correct.length === 1 && p.wrong.length === 1);
  const mode = options.mode ?? (simple ? "simple" : "group_sum");
  prompts.forEach((prompt, i) => checkMode(prompt, mode, rows[i].where));
  const name = options.metric ?? (mode === "group_sum" ? "prob_diff" : "logit_diff");
  return { task, prompts, metric: { name, mode }, mode };
}

/**
 * Checks a file as {@link loadUserTask} does, but goes on after a fault: collects what is wrong with every prompt and every
 * answer, and what is suspicious.
 * @throws Error naming file and line if the file cannot be read or lacks a column.
 */
export async function checkUserTask(
  task: string,
  file: string,
  tokenizer: Tokenizer,
  options: UserTaskOptions = {},
): Promise<TaskCheck> {
  const rows = parseRows(file, await readText(file)).slice(0, options.n);
  const faults: string[] = [], warnings: string[] = [];
  const collect = (check: () => void) => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
      faults.push(error.message);
    }
  };
  const seen = new Map<string, string>();
  for (const row of rows) {
    const { cleanText, corruptedText, correct, wrong, where } = row;
    const before = faults.length;
    for (const answer of [...correct, ...wrong]) {
      collect(() => requireSingleToken(tokenizer, answer, where));
    }
    collect(() => makePair(tokenizer, { cleanText, corruptedText, correct: [], wrong: [] }, where));
    if (faults.length === before) collect(() => toPair(tokenizer, row));
    if (cleanText === corruptedText) {
      warnings.push(`${where}: clean and corrupted are the same; nothing can be patched`);
    }
    if (/\s$/.test(cleanText) && [...correct, ...wrong].some((answer) => answer.startsWith(" "))) {
      warnings.push(`${where}: the prompt ends in a space and the answers begin with one`);
    }
    const key = JSON.stringify([cleanText, corruptedText]);
    if (seen.has(key)) warnings.push(`${where}: the same prompts as in ${seen.get(key)}`);
    else seen.set(key, where);
  }
  if (faults.length > 0) return { rows: rows.length, faults, warnings };
  let data: TaskData | undefined;
  try {
    data = await loadUserTask(task, file, tokenizer, options);
  } catch (error) {
    faults.push((error as Error).message);
  }
  return { rows: rows.length, faults, warnings, task: data };
}

/** Reads the file as text, without a byte order mark. */
async function readText(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(file);
  } catch (cause) {
    const found = cause instanceof Deno.errors.NotFound ? "not found" : (cause as Error).message;
    throw new Error(`${file}: ${found}; expected a CSV or JSONL file of prompts`, { cause });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`${file}: expected text in UTF-8, found bytes that are not`, { cause });
  }
}

function parseRows(file: string, text: string): Row[] {
  if (/\.jsonl$/i.test(file)) return parseJsonLines(file, text);
  if (/\.csv$/i.test(file)) return parseCsv(file, text);
  throw new Error(`${file}: expected a file ending in .csv or .jsonl, found "${basename(file)}"`);
}

function parseJsonLines(file: string, text: string): Row[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === "") return [];
    const where = `${file}:${i + 1}`;
    const value = parseJson(line, where);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Error(`${where}: expected a JSON object, found ${shortJson(value)}`);
    }
    return [toRow(value as Record<string, unknown>, where, (answers) => [answers])];
  });
}

function parseCsv(file: string, text: string): Row[] {
  let records: string[][];
  try {
    records = parse(text, { skipFirstRow: false }) as string[][];
  } catch (cause) {
    throw new Error(`${file} is not valid CSV: ${(cause as Error).message}`, { cause });
  }
  const [header = [], ...lines] = records;
  const names = header.map((name) => name.trim());
  const twice = names.find((name, j) => COLUMNS.includes(name) && names.indexOf(name) !== j);
  if (twice !== undefined) throw new Error(`${file}: expected one column ${twice}, found two`);
  return lines.map((cells, i) =>
    toRow(
      Object.fromEntries(names.map((name, j) => [name, cells[j]])),
      `${file}: row ${i + 1}`,
      (answers) => answers.split("|"),
    )
  );
}

function toRow(
  value: Record<string, unknown>,
  where: string,
  split: (answers: string) => string[],
): Row {
  const missing = COLUMNS.filter((column) => value[column] === undefined);
  if (missing.length > 0) {
    throw new Error(
      `${where}: expected ${COLUMNS.join(", ")}; ${missing.join(", ")} missing, ` +
        `found ${Object.keys(value).join(", ") || "nothing"}`,
    );
  }
  const text = (column: string): string => {
    const found = value[column];
    if (typeof found === "string") return found;
    throw new Error(`${where}: ${column} must be a string, found ${shortJson(found)}`);
  };
  const list = (column: string): string[] => {
    const found = value[column];
    if (!Array.isArray(found)) return split(text(column));
    if (found.every((answer) => typeof answer === "string")) return found;
    throw new Error(
      `${where}: ${column} must be a list of strings, found ${shortJson(found)}`,
    );
  };
  return {
    where,
    cleanText: text("clean"),
    corruptedText: text("corrupted"),
    correct: list("correct"),
    wrong: list("wrong"),
  };
}

function toPair(tokenizer: Tokenizer, row: Row): PromptPair {
  const ids = (answers: string[]) =>
    answers.map((answer) => requireSingleToken(tokenizer, answer, row.where));
  const { cleanText, corruptedText, where } = row;
  const text = { cleanText, corruptedText, correct: ids(row.correct), wrong: ids(row.wrong) };
  const both = row.correct.find((_, i) => text.wrong.includes(text.correct[i]));
  if (both !== undefined) {
    throw new Error(`${where}: the answer ${JSON.stringify(both)} is both correct and wrong`);
  }
  return makePair(tokenizer, text, where);
}

function checkMode({ correct, wrong }: PromptPair, mode: AnswerMode, where: string): void {
  const fits = mode === "simple"
    ? correct.length === 1 && wrong.length === 1
    : mode === "pairs"
    ? correct.length === wrong.length && correct.length > 0
    : correct.length > 0;
  if (fits) return;
  const expected = {
    simple: "one correct and one wrong answer",
    pairs: "as many wrong as correct answers",
    groups: "at least one correct answer",
    group_sum: "at least one correct answer",
  }[mode];
  throw new Error(
    `${where}: mode ${mode} needs ${expected}, found ${correct.length} correct and ${wrong.length} wrong`,
  );
}
