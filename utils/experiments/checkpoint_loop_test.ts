import { assertEquals, assertRejects } from "@std/assert";
import { type CheckpointLoop, forEachCheckpoint } from "./checkpoint_loop.ts";
import { WriteError } from "../base/files.ts";
import type { ProgressTarget } from "../cli/progress.ts";

function quiet(lines: string[] = []): ProgressTarget {
  return {
    draw: () => {},
    report: (line) => lines.push(line.replace(/ +\(\d.*\)$/, "")),
    interactive: false,
    colors: false,
    columns: () => 80,
    now: () => 0,
  };
}

/** A loop that notes what happens, in order. */
function noted(over: Partial<CheckpointLoop<string>>) {
  const events: string[] = [];
  const lines: string[] = [];
  const loop: CheckpointLoop<string> = {
    steps: [0, 1, 2],
    isDone: () => false,
    prefetch: (step) => {
      events.push(`read ${step}`);
      return Promise.resolve(`w${step}`);
    },
    run: async (step, loaded) => {
      events.push(`run ${step} ${loaded}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`ran ${step}`);
      return `value ${step}`;
    },
    release: (loaded) => void events.push(`release ${loaded}`),
    target: quiet(lines),
    ...over,
  };
  return { events, lines, loop };
}

async function withoutStderr<T>(action: () => Promise<T>): Promise<T> {
  const original = console.error;
  console.error = () => {};
  try {
    return await action();
  } finally {
    console.error = original;
  }
}

Deno.test("forEachCheckpoint() reads the next checkpoint while one computes", async () => {
  const { events, lines, loop } = noted({});
  const result = await forEachCheckpoint(loop);
  assertEquals(result, { done: [0, 1, 2], skipped: [], failed: [], exitCode: 0 });
  assertEquals(events, [
    "read 0",
    "read 1",
    "run 0 w0",
    "ran 0",
    "release w0",
    "read 2",
    "run 1 w1",
    "ran 1",
    "release w1",
    "run 2 w2",
    "ran 2",
    "release w2",
  ]);
  assertEquals(lines, ["step 0  value 0", "step 1  value 1", "step 2  value 2"]);
});

Deno.test("forEachCheckpoint() holds one checkpoint at a time when not reading ahead", async () => {
  const { events, loop } = noted({ ahead: false });
  await forEachCheckpoint(loop);
  assertEquals(
    events.filter((event) => /^re/.test(event)),
    ["read 0", "release w0", "read 1", "release w1", "read 2", "release w2"],
  );
});

Deno.test("forEachCheckpoint() skips what is done and never reads it", async () => {
  const { events, lines, loop } = noted({ isDone: (step) => step !== 2 });
  assertEquals((await forEachCheckpoint(loop)).skipped, [0, 1]);
  assertEquals(events, ["read 2", "run 2 w2", "ran 2", "release w2"]);
  assertEquals(lines[0], "2 of 3 checkpoints have results already");
});

Deno.test("forEachCheckpoint() goes on past checkpoints that cannot be read or computed", async () => {
  const told: string[] = [];
  const { loop, lines, events } = noted({
    steps: [0, 1, 2, 3],
    prefetch: (step) =>
      step === 1 ? Promise.reject(new Error("ends early")) : Promise.resolve(`w${step}`),
    run: (step) =>
      step === 2 ? Promise.reject(new Error("weights are NaN")) : Promise.resolve("fine"),
    onError: (step, error) => void told.push(`${step}: ${error.message}`),
  });
  const result = await withoutStderr(() => forEachCheckpoint(loop));
  assertEquals(result, {
    done: [0, 3],
    skipped: [],
    failed: [{ step: 1, error: "ends early" }, { step: 2, error: "weights are NaN" }],
    exitCode: 1,
  });
  assertEquals(told, ["1: ends early", "2: weights are NaN"]);
  assertEquals(lines, [
    "step 0  fine",
    "step 1  failed: ends early",
    "step 2  failed: weights are NaN",
    "step 3  fine",
  ]);
  assertEquals(events, ["release w0", "release w2", "release w3"]);
});

Deno.test("forEachCheckpoint() stops at a full disk and releases what it had read ahead", async () => {
  const { loop, events } = noted({ run: () => Promise.reject(new WriteError("disk full")) });
  await assertRejects(() => forEachCheckpoint(loop), WriteError, "disk full");
  assertEquals(events, ["read 0", "read 1", "release w0", "release w1"]);
});
