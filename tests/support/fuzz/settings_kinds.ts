/** What a user writes: settings, tasks. */
import { join } from "@std/path";
import { readConfigFile, resolveConfig } from "../../../utils/cli/config.ts";
import { circuitSchema } from "../../../utils/experiments/mod.ts";
import { loadUserTask } from "../../../utils/tasks/user_task.ts";
import { wordTokenizer } from "../tokenizers.ts";
import type { FuzzKind } from "./kind.ts";
import { type Mutate, mutateJson, mutateText } from "./mutations.ts";

function textKind(
  file: string,
  text: string,
  mutate: Mutate,
  read: (path: string) => Promise<unknown> | unknown,
): FuzzKind {
  return {
    file,
    make: (folder) => Deno.writeTextFile(join(folder, file), text),
    mutate,
    // deno-lint-ignore require-await -- a reader that throws at once rejects
    read: async (folder) => read(join(folder, file)),
  };
}

const SETTINGS = {
  model: "pythia-nano",
  task: "ioi",
  custom_schedule: [0, 512],
  ig_steps: 5,
  threshold: 0.8,
  verify: true,
  alt_model: null,
};
const YAML = `model: &m pythia-nano\ntask: ioi\ncustom_schedule: [0, 512]\nig_steps: 5
threshold: .8\nverify: true\nalt_model: *m\nresults_dir: |\n  results\n# a comment\n`;

const resolved = (path: string) =>
  resolveConfig(circuitSchema, { file: { path, values: readConfigFile(path) } });

const tokenizer = wordTokenizer([" Mary", " John", " gave", " a", " ring", " to", "Then"]);
const task = (path: string) => loadUserTask("mine", path, tokenizer);
const ROWS = [
  ["Then Mary gave a ring to", "Then John gave a ring to", " John", " Mary"],
  ["Then John gave a ring to", "Then Mary gave a ring to", " Mary", " John| a"],
];
const COLUMNS = ["clean", "corrupted", "correct", "wrong"];
const CSV = [COLUMNS, ...ROWS].map((row) => row.join(",") + "\n").join("");
const JSONL = ROWS.map((row) =>
  JSON.stringify(Object.fromEntries(row.map((text, i) => [COLUMNS[i], i === 3 ? [text] : text])))
).join("\n").replace(" John| a", " John");

/** Settings and tasks. */
export const SETTINGS_KINDS: Record<string, FuzzKind> = {
  "settings, JSON": textKind("c.json", JSON.stringify(SETTINGS, null, 2), mutateJson, resolved),
  "settings, YAML": textKind("c.yaml", YAML, mutateText, resolved),
  "task, CSV": textKind("t.csv", CSV, mutateText, task),
  "task, JSON lines": textKind("t.jsonl", JSONL, mutateText, task),
};
