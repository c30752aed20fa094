import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../base/user_error.ts";
import { fit, type Hook } from "./fit.ts";
import { adamW } from "./optimiser/adamw.ts";
import { learningRate } from "./optimiser/learning_rate.ts";
import { openRun, type Run } from "./run.ts";
import { leastSquares, type Points, points } from "./testdata.ts";

const STEPS = 23;

function open(folder: string, { peak = 0.1, settings = {} as unknown, fresh = false } = {}) {
  const schedule = { peak, final: 0.1, warmup: 3, steps: STEPS };
  return openRun({
    objective: leastSquares,
    optimiser: adamW({
      ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clip: 1 },
      decay: ({ name }) => name === "w" ? 0.1 : 0,
      rate: (t) => learningRate(t, schedule),
    }),
    initial: () => Float32Array.of(1, 1, 1, 0),
    statePath: join(folder, "state.safetensors"),
    logPath: join(folder, "log.jsonl"),
    settings,
    fresh,
    session: { threads: 1 },
  });
}

/** Rounds the weights every 5 steps, as a checkpoint in float16 does, and logs it. */
const rounding: Hook<Run<Points>> = {
  due: (step) => step % 5 === 0,
  run({ step, run }) {
    const { weights } = run.trainer.state;
    weights.set(new Float16Array(weights));
    run.log.add({ step, rounded: weights[0] });
  },
};

interface Interruption {
  /** the batch of this step fails, as if the process were killed there */
  at?: number;
}

async function train(folders: string[], { at }: Interruption = {}, peaks = [0.1, 0.3]) {
  const runs = [];
  for (const [i, folder] of folders.entries()) runs.push(await open(folder, { peak: peaks[i] }));
  const asked: number[] = [];
  try {
    await fit({
      runs,
      batches: {
        at(step) {
          if (step === at) throw new Error("killed");
          asked.push(step);
          return Promise.resolve(points(step));
        },
      },
      steps: STEPS,
      saveEvery: 4,
      hooks: [rounding],
    });
  } finally {
    for (const run of runs) await run.trainer.release();
  }
  return asked;
}

async function bytesOf(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for await (const { name } of Deno.readDir(folder)) {
    files[name] = await Deno.readFile(join(folder, name));
  }
  return files;
}

async function inFolder(test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a run that is killed and resumed leaves the same bytes, wherever it was killed", async () => {
  await inFolder(async (folder) => {
    const whole = join(folder, "whole");
    assertEquals(await train([whole]), Array.from({ length: STEPS }, (_, i) => i));
    const expected = await bytesOf(whole);
    assertEquals(Object.keys(expected).sort(), ["log.jsonl", "state.safetensors"]);
    for (const at of [0, 3, 4, 13, 22]) {
      const parts = join(folder, `killed at ${at}`);
      await assertRejects(() => train([parts], { at }), Error, "killed");
      const asked = await train([parts]);
      // saved every 4 steps and after every hook, which run every 5
      const saved = Math.max(Math.floor(at / 4) * 4, Math.floor(at / 5) * 5);
      assertEquals(asked[0], saved);
      assertEquals(await bytesOf(parts), expected, `killed at ${at}`);
    }
    // a finished run that is opened again makes no step
    assertEquals(await train([whole]), []);
    assertEquals(await bytesOf(whole), expected);
  });
});

Deno.test("the log has a line for each step and for each hook, in order and without times", async () => {
  await inFolder(async (folder) => {
    await train([folder]);
    const lines = (await Deno.readTextFile(join(folder, "log.jsonl"))).trim().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(lines.map((line) => line.step), [
      ...[0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 15],
      ...[16, 17, 18, 19, 20, 20, 21, 22, 23],
    ]);
    assertEquals(Object.keys(lines[1]), ["step", "loss", "error", "norm", "rate"]);
    assertEquals(lines[1].rate, 0.1 / 3);
    assertEquals(Object.keys(lines[0]), ["step", "rounded"]);
  });
});

Deno.test("runs side by side on one stream equal runs alone, also when they were killed apart", async () => {
  await inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    await train([path("alone a")]);
    await train([path("alone b")], {}, [0.3]);
    const asked = await train([path("a"), path("b")]);
    assertEquals(asked.length, STEPS);
    assertEquals(await bytesOf(path("a")), await bytesOf(path("alone a")));
    assertEquals(await bytesOf(path("b")), await bytesOf(path("alone b")));

    // c is killed at step 18, d at step 9: c waits until d has caught up
    await assertRejects(() => train([path("c")], { at: 18 }), Error, "killed");
    await assertRejects(() => train([path("d")], { at: 9 }, [0.3]), Error, "killed");
    assertEquals((await train([path("c"), path("d")]))[0], 8);
    assertEquals(await bytesOf(path("c")), await bytesOf(path("alone a")));
    assertEquals(await bytesOf(path("d")), await bytesOf(path("alone b")));
  });
});

Deno.test("openRun() refuses a state of other settings or a damaged one, and ignores it when fresh", async () => {
  await inFolder(async (folder) => {
    await train([folder]);
    const other = await assertRejects(() => open(folder, { settings: { seed: 2 } }), UserError);
    assertStringIncludes(other.message, "was made with other settings: {}");
    const state = join(folder, "state.safetensors");
    await Deno.truncate(state, (await Deno.stat(state)).size - 8);
    const damaged = await assertRejects(() => open(folder), UserError);
    assertStringIncludes(damaged.message, state);
    assertStringIncludes(damaged.message, "start from scratch with --overwrite");
    const run = await open(folder, { fresh: true });
    assertEquals([run.trainer.state.step, run.resumed, run.log.lines.length], [0, false, 0]);
    await run.trainer.release();

    await Deno.writeTextFile(join(folder, "log.jsonl"), '{"step":1}\nnot json\n');
    await Deno.remove(state);
    const next = await open(folder);
    await next.save();
    await Deno.writeTextFile(join(folder, "log.jsonl"), '{"step":1}\nnot json\n');
    await assertRejects(() => open(folder), Error, "log.jsonl: line 2 is not JSON");
    await next.trainer.release();
  });
});

Deno.test("where the caller says so, a run that fails stops unsaved and the others end as they do alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [a, b, alone] = ["a", "b", "alone"].map((name) => join(folder, name));
    await train([alone], {}, [0.3]);
    const runs = [await open(a), await open(b, { peak: 0.3 })];
    const step = runs[0].trainer.step.bind(runs[0].trainer);
    runs[0].trainer.step = (batch) => {
      if (runs[0].trainer.state.step === 9) throw new Error("diverged");
      return step(batch);
    };
    const failures: unknown[] = [];
    await fit({
      runs,
      batches: { at: points },
      steps: STEPS,
      saveEvery: 4,
      hooks: [rounding],
      onFailure(run, error) {
        failures.push([runs.indexOf(run), (error as Error).message]);
        return [run];
      },
    });
    for (const run of runs) await run.trainer.release();
    assertEquals(failures, [[0, "diverged"]]);
    assertEquals(await bytesOf(b), await bytesOf(alone));
    assertEquals((await open(a)).trainer.state.step, 8);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
