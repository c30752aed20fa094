import { assert, assertEquals, assertRejects } from "@std/assert";
import { formatCurve, searchCircuitSize, type SearchRange } from "./search.ts";

const PAPER: SearchRange = { threshold: 0.8, start: 25, end: 1600, step: 25 };

/** An evaluator that records the sizes of every call. */
function evaluator(f: (n: number) => number) {
  const asked: number[][] = [];
  const evaluate = (sizes: number[]) => {
    asked.push(sizes);
    return Promise.resolve(sizes.map(f));
  };
  return { asked, evaluate };
}

/** The published procedure, one size at a time. */
function published(
  f: (n: number) => number,
  { threshold, start, end, step: initial }: SearchRange,
) {
  const recorded = new Map<number, number>();
  let size = start, step = initial, exceeded = false, smallest: number | null = null;
  while (size < end) {
    const score = f(size);
    recorded.set(size, score);
    if (score > threshold && !exceeded) {
      exceeded = true;
      const [extra, found] = local(f, threshold, Math.max(size - step, 1), size);
      for (const [n, s] of extra) recorded.set(n, s);
      smallest = found;
      step = 2 * initial;
    }
    if (
      step < initial && !exceeded &&
      (score < 0.75 * threshold || score < recorded.get(size - step)!)
    ) step = Math.max(initial, Math.floor(step / 0.5));
    if (!exceeded && score > 0.75 * threshold) step = Math.max(1, Math.floor(step * 0.5));
    size += step;
  }
  if (smallest === null) {
    recorded.set(end, f(end));
    smallest = end;
  }
  return { curve: recorded, size: smallest };
}

function local(f: (n: number) => number, t: number, lo0: number, hi0: number) {
  const seen = new Map<number, number>();
  const look = (n: number) => (seen.set(n, f(n)), f(n));
  let low = lo0, high = hi0, best: number | null = null;
  while (low <= high) {
    const mid = Math.floor((low + high) / 2), s = look(mid);
    if (s >= t) [best, high] = [mid, mid - 1];
    else low = mid + 1;
    if (Math.abs(s - t) <= 0.1 * t) {
      for (const n of [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5].map((o) => mid + o)) {
        if (n < lo0 || n > hi0) continue;
        if (look(n) >= t && (best === null || n < best)) {
          [best, high] = [n, n - 1];
          break;
        }
      }
    }
  }
  return [seen, best ?? hi0] as const;
}

/** Rises to 1 over about `scale` edges, with noise that is the same for the same n. */
function noisy(scale: number, noise: number, seed: number) {
  return (n: number) => {
    const wave = Math.sin(n * 12.9898 + seed * 78.233) * 43758.5453;
    return 1 - Math.exp(-n / scale) + noise * 2 * (wave - Math.floor(wave) - 0.5);
  };
}

Deno.test("searchCircuitSize() looks at the sizes of the published run in the same order", async () => {
  // pythia-160m-seed1 at step 10000, IOI; the values are chosen so that the search takes that path
  const known: Record<number, number> = {
    25: 0.2,
    50: 0.5,
    75: 0.65,
    87: 0.66,
    93: 0.7,
    96: 0.69,
    108: 0.68,
    120: 0.82,
  };
  const f = (n: number) => known[n] ?? (n < 114 ? 0.75 : n < 120 ? 0.81 : 0.9);
  const { evaluate } = evaluator(f);
  const { curve, size, reached } = await searchCircuitSize("adaptive", evaluate, PAPER);
  const tail = Array.from({ length: 29 }, (_, i) => 170 + 50 * i);
  assertEquals([...curve.keys()], [
    ...[25, 50, 75, 87, 93, 96, 108, 120, 114],
    ...[109, 110, 111, 112, 113, 115, 116, 117, 118, 119],
    ...tail,
  ]);
  assertEquals(tail.at(-1), 1570);
  assertEquals([size, reached], [114, true]);
});

Deno.test("searchCircuitSize() adaptively equals the published procedure on noisy curves", async () => {
  let found = 0, missed = 0;
  for (let seed = 0; seed < 300; seed++) {
    const f = noisy(20 * (1 + seed % 60), [0, 0.05, 0.3][seed % 3], seed);
    const range = { threshold: 0.8, start: 25 - seed % 20, end: 400 + seed, step: 1 + seed % 30 };
    const expected = published(f, range);
    const { evaluate, asked } = evaluator(f);
    const { curve, size, reached } = await searchCircuitSize("adaptive", evaluate, range);
    assertEquals([...curve], [...expected.curve], `seed ${seed}`);
    assertEquals(size, expected.size);
    assertEquals(asked.flat().length, new Set(asked.flat()).size, "no size is evaluated twice");
    reached ? found++ : missed++;
  }
  assert(found > 50 && missed > 10, `${found} found, ${missed} missed`);
});

Deno.test("searchCircuitSize() asks for the rest of the curve in one batch", async () => {
  const { evaluate, asked } = evaluator((n) => n >= 90 ? 1 : 0.1);
  const { size } = await searchCircuitSize("adaptive", evaluate, PAPER);
  assertEquals(size, 90);
  assertEquals(asked.at(-1), Array.from({ length: 29 }, (_, i) => 150 + 50 * i));
});

Deno.test("searchCircuitSize() chooses the end when nothing suffices", async () => {
  for (const type of ["adaptive", "linear", "binary"] as const) {
    for (const f of [() => 0.3, () => NaN, (n: number) => -n]) {
      const { evaluate } = evaluator(f);
      const result = await searchCircuitSize(type, evaluate, PAPER);
      assertEquals([result.size, result.reached], [1600, false]);
      assertEquals(result.curve.get(1600), f(1600));
    }
  }
});

Deno.test("searchCircuitSize() linearly takes the first step above the threshold", async () => {
  const f = (n: number) => n === 100 ? 0.8 : n === 175 || n > 300 ? 0.9 : 0.5;
  const { evaluate, asked } = evaluator(f);
  const { size, curve } = await searchCircuitSize("linear", evaluate, PAPER);
  assertEquals(size, 175);
  assertEquals([...curve.keys()], Array.from({ length: 63 }, (_, i) => 25 + 25 * i));
  assertEquals(asked.length, 1);
});

Deno.test("searchCircuitSize() bisects a monotone curve to its exact crossing", async () => {
  for (const crossing of [25, 26, 333, 1599, 1600]) {
    const { evaluate, asked } = evaluator((n) => n >= crossing ? 0.8 : 0.79);
    const { size, reached } = await searchCircuitSize("binary", evaluate, PAPER);
    assertEquals([size, reached], [crossing, true]);
    assert(asked.length <= 11);
  }
});

Deno.test("searchCircuitSize() works where the range is shorter than a step", async () => {
  const { evaluate } = evaluator(() => 0.95);
  const { size, curve } = await searchCircuitSize("adaptive", evaluate, { ...PAPER, end: 7 });
  assertEquals([size, [...curve]], [7, [[7, 0.95]]]);
});

Deno.test("searchCircuitSize() rejects an invalid range and an evaluator that loses values", async () => {
  const { evaluate } = evaluator(() => 1);
  for (const wrong of [{ step: 0 }, { start: 0 }, { end: 2.5 }, { threshold: NaN }]) {
    await assertRejects(
      () => searchCircuitSize("adaptive", evaluate, { ...PAPER, ...wrong }),
      Error,
      "whole numbers",
    );
  }
  await assertRejects(
    () => searchCircuitSize("linear", () => Promise.resolve([1]), PAPER),
    Error,
    "found 1",
  );
});

Deno.test("formatCurve() keeps the order of evaluation", () => {
  const text = formatCurve(new Map([[25, 0.5], [120, 0.9], [114, 0.25]]));
  assertEquals(text, `{"25": 0.5, "120": 0.9, "114": 0.25}`);
});
