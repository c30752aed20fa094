import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../base/user_error.ts";
import { loadTask, TASK_NAMES } from "./tasks.ts";
import { checkUserTask, taskNameOf } from "./user_task.ts";
import { gpt2Tokenizer } from "../../tests/support/tokenizers.ts";

const tokenizer = gpt2Tokenizer();
const id = (text: string) => tokenizer.singleToken(text)!;

/** Loads `content` as a user's file with that name. */
async function load(
  name: string,
  content: string | Uint8Array,
  options: Record<string, unknown> = {},
) {
  const dir = await Deno.makeTempDir();
  try {
    const file = join(dir, name);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(file, bytes);
    return await loadTask("capitals", tokenizer, { file, ...options });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const CSV = `clean,corrupted,correct,wrong
"The capital of France, it is said, is","The capital of Italy, it is said, is", Paris, Rome
The capital of Italy is,The capital of France is, Rome, Paris
`;

Deno.test("loadTask() makes a task from a CSV file and keeps leading spaces and quoted commas", async () => {
  const data = await load("capitals.csv", CSV);
  assertEquals([data.task, data.mode, data.metric.name], ["capitals", "simple", "logit_diff"]);
  const [first, second] = data.prompts;
  assertEquals(first.cleanText, "The capital of France, it is said, is");
  assertEquals([first.correct, first.wrong], [[id(" Paris")], [id(" Rome")]]);
  assertEquals(second.clean, tokenizer.encode("The capital of Italy is"));
  assertEquals(second.position, 4);
  assertEquals((await load("capitals.csv", CSV, { n: 1 })).prompts.length, 1);
});

Deno.test("loadTask() makes a task from a JSONL file with groups of answers", async () => {
  const line = { clean: "It is", corrupted: "They are", correct: [" big", " red"], wrong: " no" };
  const data = await load("x.jsonl", JSON.stringify(line) + "\n\n");
  assertEquals([data.mode, data.metric.name], ["group_sum", "prob_diff"]);
  assertEquals(data.prompts[0].correct, [id(" big"), id(" red")]);
  const csv = await load("x.csv", "clean,corrupted,correct,wrong\nIt is,They are, big| red, no\n", {
    mode: "groups",
  });
  assertEquals(csv.prompts, data.prompts);
  assertEquals([csv.mode, csv.metric.name], ["groups", "logit_diff"]);
});

Deno.test("loadTask() names the line of a user's file that cannot be used", async () => {
  const jsonl = (value: unknown) => JSON.stringify(value) + "\n";
  const good = { clean: "It is", corrupted: "They are", correct: " big", wrong: " red" };
  const cases: [name: string, content: string, message: string][] = [
    ["a.jsonl", jsonl(good) + jsonl({ ...good, corrupted: "They" }), "a.jsonl:2: clean and"],
    ["a.jsonl", jsonl({ ...good, wrong: " wombats" }), 'a.jsonl:1: " wombats" must be a single'],
    ["a.jsonl", jsonl({ ...good, wrong: 7 }), "a.jsonl:1: wrong must be a string, found 7"],
    ["a.jsonl", jsonl({ clean: "It", correct: " a" }), "corrupted, wrong missing"],
    ["a.jsonl", "{oops", "a.jsonl:1 is not valid JSON"],
    ["a.jsonl", "null\n", "expected a JSON object, found null"],
    ["a.csv", "clean,corrupted\nIt is,They are\n", "a.csv: row 1: expected clean"],
    ["a.csv", "clean,corrupted,correct,wrong\n", "expected prompts, found none"],
    ["a.jsonl", "[1]\n", "a.jsonl:1: expected a JSON object, found [1]"],
    ["a.jsonl", jsonl({ ...good, wrong: [" red", " big"] }), '1: the answer " big" is both'],
    ["a.csv", 'clean,corrupted,correct,wrong\n"It is,b\n', "a.csv is not valid CSV: "],
    [
      "a.csv",
      "clean,clean,corrupted,correct,wrong\n",
      "a.csv: expected one column clean, found two",
    ],
    ["a.txt", "It is", 'ending in .csv or .jsonl, found "a.txt"'],
  ];
  for (const [name, content, message] of cases) {
    const error = await assertRejects(() => load(name, content), UserError, message);
    assertEquals(error.exitCode, 2, message);
  }
  await assertRejects(
    () => load("a.jsonl", jsonl({ ...good, correct: [" big", " old"] }), { mode: "pairs" }),
    Error,
    "mode pairs needs as many wrong as correct answers, found 2 correct and 1 wrong",
  );
  await assertRejects(
    () => loadTask("t", tokenizer, { file: "no/such.csv" }),
    Error,
    "no/such.csv: not found",
  );
});

Deno.test("loadTask() reads files with a byte order mark and CRLF, and rejects what is not UTF-8", async () => {
  const line = JSON.stringify({
    clean: "It is",
    corrupted: "They are",
    correct: " a",
    wrong: " no",
  });
  const plain = await load("x.jsonl", line + "\n");
  assertEquals(await load("x.jsonl", `\uFEFF${line}\r\n`), plain);
  const csv = "clean,corrupted,correct,wrong\r\nIt is,They are, a, no\r\n";
  assertEquals(await load("x.csv", "\uFEFF" + csv), plain);
  const latin1 = Uint8Array.from(
    "clean,corrupted,correct,wrong\nÉté,Été, a, no\n",
    (c) => c.charCodeAt(0),
  );
  await assertRejects(() => load("x.csv", latin1), UserError, "expected text in UTF-8");
});

Deno.test("a file names its task, unless another name than a built-in task's is given", () => {
  const name = (task: string | undefined, file?: string) => taskNameOf(task, file, TASK_NAMES);
  assertEquals(name("ioi"), "ioi");
  assertEquals(name("ioi", "/x/mine.csv"), "mine");
  assertEquals(name(undefined, "a.b/my task.v2.jsonl"), "my task.v2");
  assertEquals(name("names", "mine.csv"), "names");
  assertEquals(name("ioi", "ioi.csv"), "own_ioi");
  assertEquals(name(undefined, "../..(x)%.csv"), "_x__");
  assertEquals(name(undefined), undefined);
});

Deno.test("checkUserTask() goes on after a fault and says what is suspicious", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = join(dir, "x.csv");
    const check = async (...rows: string[]) => {
      await Deno.writeTextFile(file, ["clean,corrupted,correct,wrong", ...rows].join("\n") + "\n");
      const { faults, warnings, task, rows: n } = await checkUserTask("x", file, tokenizer);
      const short = (lines: string[]) => lines.map((line) => line.replace(`${file}: `, ""));
      return { faults: short(faults), warnings: short(warnings), task, n };
    };
    const bad = await check("It is,They are not,zzyzx, Paris", "It is,It was, paris, Rome");
    assertEquals([bad.n, bad.task, bad.faults.length], [2, undefined, 3]);
    assertEquals(bad.faults[0].slice(0, 37), 'row 1: "zzyzx" must be a single token');
    assertEquals(bad.faults[1].slice(0, 40), "row 1: clean and corrupted must align to");
    assertEquals(bad.faults[2].endsWith('did you mean " Paris"?'), true, bad.faults[2]);
    const odd = await check("It is ,It is , Paris, Rome", "It is ,It is , Rome, Paris");
    assertEquals(odd.faults, []);
    assertEquals(odd.warnings.map((line) => line.slice(0, 33)), [
      "row 1: clean and corrupted are th",
      "row 1: the prompt ends in a space",
      "row 2: clean and corrupted are th",
      "row 2: the prompt ends in a space",
      "row 2: the same prompts as in " + file.slice(0, 3),
    ]);
    const good = await check("It is,It was, Paris, Rome");
    assertEquals([good.faults, good.warnings, good.task!.prompts.length], [[], [], 1]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
