/** Schedules where the reference's tables (`reference_test.ts`) do not reach: corrected forms, several cycles, refusals. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { schedule, SCHEDULE_NAMES } from "./schedules.ts";

const settings = { lr: 0.01, steps: 30, warmUp: 10 };

Deno.test("cosineannealingwarmup ends at lrEnd; the original's slip, at lr · lrEnd", () => {
  const [right, slip] = (["cosineannealingwarmup", "cosineannealingwarmup_tcc"] as const)
    .map((name) => schedule(name, { ...settings, lrEnd: 0.002 }));
  for (const rate of [right, slip]) {
    assertAlmostEquals(rate(1), 0.002, 1e-12);
    assertAlmostEquals(rate(9), 0.01, 1e-12);
  }
  assertAlmostEquals(right(10), 0.01, 1e-12);
  assertAlmostEquals(right(20), 0.006, 1e-12); // half-way between 0.01 and 0.002
  assertAlmostEquals(right(30), 0.002, 1e-12);
  assertAlmostEquals(slip(30), 0.01 * 0.002, 1e-12);
});

Deno.test("a schedule with restarts returns to its peak at every cycle", () => {
  const tcc = schedule("cosineannealingwarmrestarts", { ...settings, cycles: 3 });
  for (const t of [10, 20, 30]) assertAlmostEquals(tcc(t), 0.01, 1e-12);
  assertAlmostEquals(tcc(5), 0.0055, 1e-12);
  const saelens = schedule("warmup_cosine_restarts", { ...settings, cycles: 2 });
  for (const t of [11, 21]) assertAlmostEquals(saelens(t), 0.01, 1e-12);
  assertAlmostEquals(saelens(16), 0.0055, 1e-12);
});

Deno.test("linear_from_zero begins with 0, peaks after the warm-up and falls by equal steps", () => {
  const rate = schedule("linear_from_zero", settings);
  assertEquals([rate(1), rate(11)], [0, 0.01]);
  assertAlmostEquals(rate(21), 0.005, 1e-12);
  assertAlmostEquals(rate(30), 0.0005, 1e-12);
});

Deno.test("every schedule gives rates between 0 and its peak, with and without a warm-up", () => {
  for (const name of SCHEDULE_NAMES) {
    for (const warmUp of [0, 7]) {
      const rate = schedule(name, { lr: 0.01, steps: 20, warmUp, decay: 5 });
      for (let t = 1; t <= 20; t++) {
        const found = rate(t);
        assertEquals(found >= 0 && found <= 0.01 + 1e-12, true, `${name}, step ${t}: ${found}`);
      }
    }
  }
});

Deno.test("schedule() refuses a run that is all warm-up and decay, and cycles without a step", () => {
  assertThrows(
    () => schedule("warmup_constant", { lr: 1, steps: 10, warmUp: 6, decay: 4 }),
    RangeError,
    "6 steps of warm-up and 4 of decay leave none of 10",
  );
  for (const cycles of [0, 1.5, 21]) {
    assertThrows(
      () => schedule("cosineannealingwarmrestarts", { lr: 1, steps: 20, cycles }),
      RangeError,
      "expected 1 to 20 cycles",
    );
  }
});
