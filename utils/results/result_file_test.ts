import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import { type OpenOptions, openResultFile } from "./result_file.ts";
import { UserError } from "../base/user_error.ts";

interface Entry {
  mean: number;
}

type Options = OpenOptions<{ shape: number[] }, Entry> & { format?: string };

const open = ({ format = "test/1", ...options }: Options) =>
  openResultFile({
    format,
    header: z.object({ shape: z.array(z.number()) }),
    entry: z.object({ mean: z.number() }),
  }, options);

async function withFile(test: (options: Options) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test({
      path: `${folder}/model/results.json`,
      settings: { ig_steps: 30, task: "ioi", top_n: null },
      header: { shape: [4, 8] },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ResultFile.set() leaves the same bytes for any order and any interruption", () =>
  withFile(async (options) => {
    const once = await open(options);
    for (const step of [0, 8, 64, 512]) await once.set(step, { mean: 1 / (step + 3) });
    const bytes = await Deno.readTextFile(options.path);
    await Deno.remove(options.path);
    for (const step of [512, 0, 64, 8]) {
      const again = await open(options);
      assertEquals(again.has(step), false);
      await again.set(step, { mean: 1 / (step + 3) });
    }
    assertEquals(await Deno.readTextFile(options.path), bytes);
    assertEquals(JSON.parse(bytes), {
      format: "test/1",
      config: { ig_steps: 30, task: "ioi", top_n: null },
      shape: [4, 8],
      checkpoints: {
        "0": { mean: 1 / 3 },
        "8": { mean: 1 / 11 },
        "64": { mean: 1 / 67 },
        "512": { mean: 1 / 515 },
      },
    });
    const read = await open(options);
    assertEquals(read.steps(), [0, 8, 64, 512]);
    assertEquals(read.get(64), { mean: 1 / 67 });
    assertThrows(() => read.get(1), Error, "has no entry of step 1");
  }));

Deno.test("openResultFile() does not mix settings and names every key that differs", () =>
  withFile(async (options) => {
    await (await open(options)).set(1, { mean: 1 });
    const before = await Deno.readTextFile(options.path);
    const settings = { ig_steps: 5, task: "ioi", seed: 0 };
    const error = await assertRejects(() => open({ ...options, settings }), UserError);
    assertEquals(
      (error as Error).message,
      `${options.path} was made with other settings: ig_steps is 30 there and 5 here, seed is ` +
        `not set there and 0 here, top_n is null there and not set here; start from scratch with ` +
        `--overwrite, or choose another results_dir`,
    );
    assertEquals(await Deno.readTextFile(options.path), before);

    const reopened = await open({ ...options, settings, overwrite: true });
    assertEquals(reopened.steps(), []);
    assertEquals(await Deno.readTextFile(options.path), before);
    await reopened.set(2, { mean: 2 });
    assertEquals((await open({ ...options, settings })).steps(), [2]);
  }));

Deno.test("openResultFile() leaves a damaged file alone, and keeps it when overwriting", () =>
  withFile(async (options) => {
    await (await open(options)).set(1, { mean: 1 });
    const damaged = (await Deno.readTextFile(options.path)).slice(0, -20);
    await Deno.writeTextFile(options.path, damaged);
    await assertRejects(
      () => open(options),
      UserError,
      `${options.path} is not valid JSON: `,
    );
    assertEquals(await Deno.readTextFile(options.path), damaged);
    const reopened = await open({ ...options, overwrite: true });
    await reopened.set(1, { mean: 1 });
    assertEquals(await Deno.readTextFile(`${options.path}.broken`), damaged);
  }));

Deno.test("openResultFile() rejects another layout and entries that do not fit", () =>
  withFile(async (options) => {
    await (await open(options)).set(8, { mean: 1 });
    await assertRejects(
      () => open({ ...options, format: "test/2" }),
      UserError,
      'expected a result file of format test/2, found "test/1"',
    );
    const text = await Deno.readTextFile(options.path);
    await Deno.writeTextFile(options.path, text.replace('"mean": 1', '"mean": "one"'));
    await assertRejects(
      () => open(options),
      UserError,
      `${options.path}: checkpoints.8.mean: expected a number, found "one"; start from scratch`,
    );
    await Deno.writeTextFile(options.path, "[]");
    await assertRejects(() => open(options), UserError, "found none");
  }));

Deno.test("ResultFile.set() refuses NaN by name and keeps the file", () =>
  withFile(async (options) => {
    const results = await open(options);
    await results.set(1, { mean: 1 });
    const before = await Deno.readTextFile(options.path);
    await assertRejects(
      () => results.set(2, { mean: NaN }),
      Error,
      `${options.path}: step 2: mean is NaN`,
    );
    assertEquals(results.has(2), false);
    assertEquals(await Deno.readTextFile(options.path), before);
  }));

Deno.test("ResultFile.set() keeps what another process has added, and its own entry where both have one", () =>
  withFile(async (options) => {
    const one = await open(options), other = await open(options);
    await one.set(0, { mean: 0 });
    await other.set(1, { mean: 1 });
    await other.set(2, { mean: 20 });
    await one.set(2, { mean: 2 });
    const { checkpoints } = JSON.parse(await Deno.readTextFile(options.path));
    assertEquals(checkpoints, { "0": { mean: 0 }, "1": { mean: 1 }, "2": { mean: 2 } });
    other.refresh();
    assertEquals([other.steps(), other.get(2)], [[0, 1, 2], { mean: 20 }]);
  }));

Deno.test("ResultFile.set() with overwrite drops earlier results once, not those of another process", () =>
  withFile(async (options) => {
    await (await open(options)).set(7, { mean: 7 });
    const reopened = await open({ ...options, overwrite: true });
    await reopened.set(0, { mean: 0 });
    await (await open(options)).set(1, { mean: 1 });
    await reopened.set(2, { mean: 2 });
    assertEquals((await open(options)).steps(), [0, 1, 2]);
  }));

Deno.test("ResultFile.set() merges two runs that start from scratch at once", () =>
  withFile(async (options) => {
    await (await open(options)).set(7, { mean: 7 });
    const scratch = { ...options, overwrite: true };
    const one = await open(scratch), other = await open(scratch);
    await one.set(0, { mean: 0 });
    await other.set(1, { mean: 1 });
    assertEquals((await open(options)).steps(), [0, 1]);
  }));

Deno.test("ResultFile.finish() keeps what another process has added, and adds the keys", () =>
  withFile(async (options) => {
    const one = await open(options), other = await open(options);
    await one.set(0, { mean: 0 });
    await other.set(1, { mean: 1 });
    const content = one.finish({ failed: [] });
    assertEquals(JSON.parse(await Deno.readTextFile(options.path)), content);
    assertEquals(content.checkpoints, { "0": { mean: 0 }, "1": { mean: 1 } });
    assertEquals(content.failed, []);
  }));

Deno.test("ResultFile.set() refuses a file that another process has begun with other settings", () =>
  withFile(async (options) => {
    const one = await open(options);
    const settings = { ...options.settings, ig_steps: 5 };
    await (await open({ ...options, settings })).set(0, { mean: 0 });
    const before = await Deno.readTextFile(options.path);
    await assertRejects(() => one.set(1, { mean: 1 }), UserError, "ig_steps is 5 there and 30");
    assertEquals(await Deno.readTextFile(options.path), before);
  }));

Deno.test("openResultFile() says what a file of the right format lacks", () =>
  withFile(async (options) => {
    await Deno.mkdir(options.path.replace(/\/[^/]*$/, ""));
    await Deno.writeTextFile(options.path, JSON.stringify({ format: "test/1", config: {} }));
    await assertRejects(() => open(options), UserError, "found one without entries of checkpoints");
    await Deno.writeTextFile(options.path, JSON.stringify({ format: "test/1", checkpoints: {} }));
    await assertRejects(
      () => open(options),
      UserError,
      "config: expected an object, found nothing",
    );
  }));

Deno.test("ResultFile keeps the digests of weights, and refuses entries of weights that have changed since", () =>
  withFile(async (options) => {
    const weights = (...list: [number, string][]) => ({ ...options, weights: new Map(list) });
    const read = async () => JSON.parse(await Deno.readTextFile(options.path)).weights;
    await (await open(options)).set(9, { mean: 9 });
    assertEquals(await read(), undefined);
    const first = await open(weights([0, "a"], [1, "b"], [9, "z"]));
    await first.set(0, { mean: 0 });
    const second = await open(weights([1, "B"]));
    await second.set(1, { mean: 1 });
    assertEquals(await read(), { "0": "a", "1": "B" });
    await assertRejects(
      () => open(weights([0, "A"], [1, "B"], [2, "c"])),
      UserError,
      "was made of other weights: the checkpoints have since changed (step 0); start from scratch with",
    );
    const reopened = await open({ ...weights([0, "A"]), overwrite: true });
    await reopened.set(0, { mean: 0 });
    assertEquals(await read(), { "0": "A" });
  }));

Deno.test("shards of a run write a file per entry, which the next run takes over", () =>
  withFile(async (options) => {
    const weights = new Map([[0, "a"], [8, "b"], [64, "c"]]);
    const whole = await open({ ...options, weights });
    for (const step of weights.keys()) await whole.set(step, { mean: step / 3 });
    const bytes = await Deno.readTextFile(options.path);
    await Deno.remove(options.path);

    const [one, two] = await Promise.all(
      [0, 1].map(() => open({ ...options, weights, shard: true })),
    );
    await two.set(64, { mean: 64 / 3 });
    await one.set(8, { mean: 8 / 3 });
    await assertRejects(() => Deno.stat(options.path), Deno.errors.NotFound);
    // a shard that starts again has its results
    assertEquals((await open({ ...options, weights, shard: true })).steps(), [8, 64]);
    const other = { ...options, settings: { ...options.settings, ig_steps: 5 } };
    const differs = await assertRejects(() => open(other), UserError) as Error;
    assertMatch(differs.message, /results\.shards\/step\d+\.json was made with other settings/);

    const folder = options.path.replace(".json", ".shards");
    const text = await Deno.readTextFile(`${folder}/step8.json`);
    await Deno.writeTextFile(`${folder}/step8.json`, text.slice(0, 40));
    const damaged = await assertRejects(() => open(options), UserError) as Error;
    assertMatch(damaged.message, /step8\.json.*measured again/);
    await Deno.writeTextFile(`${folder}/step8.json`, text);

    const end = await open({ ...options, weights });
    assertEquals(end.steps(), [8, 64]);
    await end.set(0, { mean: 0 });
    assertEquals(await Deno.readTextFile(options.path), bytes);
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
    await two.set(512, { mean: 1 });
    assertEquals((await open({ ...options, overwrite: true })).steps(), []);
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  }));

Deno.test("ResultFile remembers on what each entry was computed, and takes a run up elsewhere", () =>
  withFile(async (options) => {
    await (await open({ ...options, computedOn: "cpu, 2 threads" })).set(0, { mean: 0 });
    const elsewhere = await open({ ...options, computedOn: "webgpu" });
    assertEquals(elsewhere.steps(), [0]);
    await elsewhere.set(8, { mean: 1 });
    const file = JSON.parse(await Deno.readTextFile(options.path));
    assertEquals(file.computed_on, { "0": "cpu, 2 threads", "8": "webgpu" });
  }));
