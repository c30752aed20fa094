import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { readConfigFile, resolveConfig, resultSettings } from "./config.ts";
import { allowedValues } from "../base/json_schema.ts";
import { alsoNamed, configKeys, jsonSchemaOf, writeSchemas } from "./config_schema.ts";
import { parseCommandLine } from "./flags.ts";
import { UserError } from "../base/user_error.ts";

const schema = z.object({
  model: z.string().describe("model"),
  task: z.enum(["ioi", "sva"]).default("ioi").describe("task"),
  ig_steps: z.int().min(1).default(30).describe("steps"),
  threshold: z.number().gt(0).max(1).default(0.8).describe("threshold"),
  verify: z.boolean().default(false).describe("search"),
  custom_schedule: z.array(z.int().min(0)).default([]).describe("steps to visit"),
  alt_model: z.string().nullable().default(null).describe("variant"),
  top_n: z.union([z.int().min(1), z.literal("auto")]).default("auto").describe("size"),
  search: z.strictObject({ start: z.int().default(25), end: z.int().default(1600) })
    .prefault({}).describe("range"),
});
const script = { name: "find", description: "Finds.", examples: ["a.json"], schema };

function linesOf(values: Record<string, unknown>, ...args: string[]): string[] {
  const error = assertThrows(() =>
    resolveConfig(schema, {
      file: { path: "c.json", values },
      flags: parseCommandLine(script, args).flags,
    })
  );
  assertInstanceOf(error, UserError);
  assertEquals(error.exitCode, 2);
  return error.message.split("\n");
}

Deno.test("resolveConfig() takes flags over the file over defaults", () => {
  const { flags } = parseCommandLine(script, ["--ig-steps", "5", "--no-verify", "--task=sva"]);
  const values = { $schema: "s", model: "m", ig_steps: 7, verify: true, threshold: 0.5 };
  assertEquals(resolveConfig(schema, { file: { path: "c.json", values }, flags }), {
    model: "m",
    task: "sva",
    ig_steps: 5,
    threshold: 0.5,
    verify: false,
    custom_schedule: [],
    alt_model: null,
    top_n: "auto",
    search: { start: 25, end: 1600 },
  });
});

Deno.test("parseCommandLine() turns the text of flags into the types of the schema", () => {
  const flagsOf = (...args: string[]) =>
    Object.fromEntries(
      Object.entries(parseCommandLine(script, args).flags).map(([key, { value }]) => [key, value]),
    );
  assertEquals(flagsOf("--custom-schedule", "0,1,2", "--custom-schedule", "512"), {
    custom_schedule: [0, 1, 2, 512],
  });
  assertEquals(flagsOf("--custom-schedule", "", "--alt-model", "null"), {
    custom_schedule: [],
    alt_model: null,
  });
  assertEquals(flagsOf("--top-n", "400", "--verify"), { top_n: 400, verify: true });
  assertEquals(flagsOf("--top-n", "auto", "--model", "12"), { top_n: "auto", model: "12" });
  assertEquals(flagsOf("--search", '{"start":1}'), { search: { start: 1 } });
  assertEquals(parseCommandLine(script, ["c.json", "--verify"]).configFile, "c.json");
  assertEquals(parseCommandLine(script, ["-c", "c.yml"]).configFile, "c.yml");
});

Deno.test("resolveConfig() names an unknown key and the near ones", () => {
  assertEquals(linesOf({ model: "m", ig_step: 5 }), [
    'c.json: unknown key "ig_step"; did you mean ig_steps?',
  ]);
  assertEquals(linesOf({ model: "m", zzzzzzzz: 5 }), [
    'c.json: unknown key "zzzzzzzz"; known keys: model, task, ig_steps, threshold, verify, ' +
    "custom_schedule, alt_model, top_n, search",
  ]);
  assertEquals(
    linesOf({ model: "m", constructor: 1 })[0].slice(0, 34),
    'c.json: unknown key "constructor";',
  );
  assertEquals(linesOf({ model: "m", search: { strat: 3 } }), [
    'c.json: search: unknown key "strat"; did you mean start?',
  ]);
});

Deno.test("resolveConfig() says in one line each what was expected and what was found", () => {
  assertEquals(
    linesOf({
      task: "iio",
      ig_steps: "thirty",
      threshold: 1.5,
      verify: "yes",
      custom_schedule: [0, "one", -1],
      alt_model: 3,
      top_n: "many",
      search: { start: 1.5 },
    }),
    [
      "c.json: model: expected a string, found nothing",
      'c.json: task: expected one of "ioi", "sva", found "iio"',
      'c.json: ig_steps: expected an integer ≥ 1, found "thirty"',
      "c.json: threshold: expected a number > 0 and ≤ 1, found 1.5",
      'c.json: verify: expected true or false, found "yes"',
      'c.json: custom_schedule[1]: expected an integer ≥ 0, found "one"',
      "c.json: custom_schedule[2]: expected an integer ≥ 0, found -1",
      "c.json: alt_model: expected a string or null, found 3",
      'c.json: top_n: expected an integer ≥ 1 or "auto", found "many"',
      "c.json: search.start: expected an integer, found 1.5",
    ],
  );
});

Deno.test("resolveConfig() blames the flag where the wrong value came by flag", () => {
  assertEquals(linesOf({ model: "m", ig_steps: 3 }, "--ig-steps", "many", "--task", "x"), [
    '--task: expected one of "ioi", "sva", found "x"',
    '--ig-steps: expected an integer ≥ 1, found "many"',
  ]);
});

Deno.test("resolveConfig() reports conditions between keys in the schema's own words", () => {
  const ordered = z.object({ start: z.int().default(1), end: z.int().default(9) }).refine(
    ({ start, end }) => start <= end,
    { path: ["end"], error: "must not lie below start" },
  );
  const values = { start: 5, end: 3 };
  assertThrows(
    () => resolveConfig(ordered, { file: { path: "c.json", values } }),
    UserError,
    "c.json: end: must not lie below start, found 3",
  );
});

Deno.test("parseCommandLine() rejects an unknown flag in one line with a suggestion", () => {
  const error = assertThrows(() => parseCommandLine(script, ["--ig-step", "3"]), UserError);
  assertEquals(
    (error as Error).message,
    "unknown option '--ig-step' (Did you mean --ig-steps?) (--help lists the flags)",
  );
  assertThrows(() => parseCommandLine(script, ["a.json", "-c", "b.json"]), UserError, "two config");
  assertThrows(
    () => parseCommandLine(script, ["a.json", "b.json"]),
    UserError,
    "too many arguments",
  );
});

Deno.test("readConfigFile() reads JSON and YAML and names what is wrong with a file", async () => {
  const folder = await Deno.makeTempDir();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  assertEquals(
    readConfigFile(await write("a.yml", "task: ioi\nverify: True\nalt_model:\nstart: 25\n")),
    { task: "ioi", verify: true, alt_model: null, start: 25 },
  );
  assertEquals(readConfigFile(await write("a.json", '{"task": "ioi"}')), { task: "ioi" });
  const broken = await write("b.json", '{"task": "ioi",\n<<<<<<< HEAD\n}');
  assertThrows(() => readConfigFile(broken), UserError, `${broken} is not valid JSON: `);
  const yaml = await write("b.yaml", "task: [ioi\nx: y: z");
  assertEquals(
    assertThrows(() => readConfigFile(yaml), UserError, `${yaml} is not valid YAML: `).message
      .includes("\n"),
    false,
  );
  assertThrows(() => readConfigFile(`${folder}/none.json`), UserError, "the file does not exist");
  const list = await write("c.json", "[1]");
  assertThrows(() => readConfigFile(list), UserError, "expected an object of settings, found [1]");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readConfigFile() ignores a byte order mark, and refuses an alias bomb and numbers beyond doubles", async () => {
  const folder = await Deno.makeTempDir();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  try {
    assertEquals(readConfigFile(await write("a.json", '\uFEFF{"task": "ioi"}')), { task: "ioi" });
    assertEquals(readConfigFile(await write("a.yml", "\uFEFFtask: ioi")), { task: "ioi" });
    // each line stands for ten times the values of the line before: 10^12 in all
    const lines = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${Array(10).fill(i === 0 ? "x" : `*a${i - 1}`).join(", ")}]`,
    );
    const bomb = await write("b.yaml", lines.join("\n"));
    assertThrows(() => readConfigFile(bomb), UserError, `${bomb}: its aliases stand for more than`);
    const circle = await write("c.yaml", "a: &a [*a]");
    assertThrows(() => readConfigFile(circle), UserError, circle);
    const infinite = await write("d.json", '{"threshold": 1e999}');
    assertThrows(() => readConfigFile(infinite), UserError, `${infinite}: threshold is a number`);
    const deep = await write("e.json", '{"a":'.repeat(200_000) + "1" + "}".repeat(200_000));
    assertThrows(() => readConfigFile(deep), UserError, `${deep}: a.a.a`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("writeSchemas() writes a JSON Schema that allows $schema and no unknown key", async () => {
  const folder = await Deno.makeTempDir();
  const [path] = await writeSchemas([script], folder);
  const written = JSON.parse(await Deno.readTextFile(path));
  assertEquals(written, jsonSchemaOf(schema, "find", "Finds."));
  assertEquals(path.endsWith("find.json"), true);
  assertEquals(written.additionalProperties, false);
  assertEquals(written.required, ["model"]);
  assertEquals(Object.keys(written.properties)[0], "$schema");
  assertEquals(written.properties.ig_steps, {
    default: 30,
    description: "steps",
    type: "integer",
    minimum: 1,
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("allowedValues() reads as a phrase", () => {
  const words = [...configKeys(schema)].map(([, key]) => allowedValues(key));
  assertEquals(words, [
    "a string",
    'one of "ioi", "sva"',
    "an integer ≥ 1",
    "a number > 0 and ≤ 1",
    "true or false",
    "a list, each an integer ≥ 0",
    "a string or null",
    'an integer ≥ 1 or "auto"',
    "an object",
  ]);
});

Deno.test("resultSettings() drops what cannot change results and sorts the rest", () => {
  assertEquals(
    Object.keys(resultSettings({ threads: 2, task: "ioi", ig_steps: 3 }, ["threads"])),
    ["ig_steps", "task"],
  );
});

const renamed = z.object({
  model: alsoNamed(z.string().default("nano").describe("model name"), "model_name"),
  steps: alsoNamed(z.array(z.union([z.int(), z.literal("suite")])).default([]), "checkpoints"),
});

Deno.test("a key's older name gives the same settings, in a file and as a flag", () => {
  const resolve = (values: Record<string, unknown>) =>
    resolveConfig(renamed, { file: { path: "c.json", values } });
  const wanted = { model: "a", steps: [1] };
  assertEquals(resolve({ model: "a", steps: [1] }), wanted);
  assertEquals(resolve({ model_name: "a", checkpoints: [1] }), wanted);
  assertEquals(resolve({ model_name: "a", checkpoints: "suite" }).steps, ["suite"]);
  assertThrows(
    () => resolve({ model_name: "a", model: "b" }),
    UserError,
    "c.json: model_name is the older name of model; give one of them",
  );
  const script = { name: "x", description: "", examples: [], schema: renamed };
  const { flags } = parseCommandLine(script, ["--model-name", "a", "--checkpoints", "1,suite"]);
  assertEquals(resolveConfig(renamed, { flags }), { model: "a", steps: [1, "suite"] });
  assertEquals(flags.model.flag, "--model-name");
  const help = parseCommandLine(script, ["--help"]).help!;
  assertEquals([help.includes("--model "), help.includes("--model-name")], [true, false]);
  const { properties } = jsonSchemaOf(renamed);
  assertEquals(properties!.model_name, {
    type: "string",
    description: "older name of model",
    deprecated: true,
  });
});

Deno.test("a config of another script is named by its $schema or its keys", () => {
  const refusal = (values: Record<string, unknown>) => {
    const file = { path: "c.json", values };
    return assertThrows(() => resolveConfig(renamed, { file }, "toy"), UserError).message;
  };
  assertEquals(
    refusal({ $schema: "../schema/get_model_cspa.json", start_layer: 1 }),
    'c.json is a config of get_model_cspa.ts, not of toy.ts, which does not know "start_layer"',
  );
  assertStringIncludes(refusal({ k_unembeddings: 1, eval_docs: 3 }), "config of get_model_cspa.ts");
  assertStringIncludes(refusal({ nonsense: 1 }), 'unknown key "nonsense"');
});

Deno.test("a wrong path to a config suggests the nearest file", () => {
  assertThrows(
    () => readConfigFile("configs/pythia_nano_ioi.json"),
    UserError,
    "the file does not exist; did you mean configs/pythia-nano_ioi.json",
  );
  assertThrows(() => readConfigFile("pythia-nano_sva.json"), UserError, "configs/pythia-nano_sva");
});

Deno.test("resultSettings() records renamed keys under the name in older files", () => {
  assertEquals(Object.entries(resultSettings({ z: 1, n: 2 }, [], { z: "a" })), [["a", 1], [
    "n",
    2,
  ]]);
});
