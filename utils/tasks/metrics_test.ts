import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { computeMetrics, METRIC_NAMES } from "./metrics.ts";
import type { AnswerMode, MetricName, PromptPair } from "./prompt_pair.ts";
import { PythonRandom } from "../base/python_random.ts";
import { readoutOf } from "./readout.ts";

const prompt = (correct: number[], wrong: number[]): PromptPair => ({
  cleanText: "",
  corruptedText: "",
  clean: [0],
  corrupted: [0],
  position: 0,
  correct,
  wrong,
});

const mean = (xs: number[]) => xs.length === 0 ? 0 : xs.reduce((a, b) => a + b, 0) / xs.length;
const sum = (xs: number[]) => xs.reduce((a, b) => a + b, 0);

/** Computes every metric from its definition, by sorting the whole vocabulary. */
function bruteForce(x: number[], { correct, wrong }: PromptPair, mode: AnswerMode) {
  const z = sum(x.map((v) => Math.exp(v)));
  const q = x.map((v) => Math.exp(v) / z);
  const order = x.map((_, id) => id).sort((a, b) => x[b] - x[a] || a - b);
  const rank = (id: number) => order.indexOf(id) + 1;
  const grouped = mode === "groups" || mode === "group_sum";
  const difference = (f: number[]) =>
    grouped
      ? mean(correct.map((c) => f[c])) - mean(wrong.map((w) => f[w]))
      : mean(correct.map((c, i) => f[c] - f[wrong[i]]));
  const logitDiff = difference(x);
  const masses = correct.map((c) => q[c]);
  return {
    logit_diff: logitDiff,
    prob_diff: mode === "group_sum" ? sum(masses) - sum(wrong.map((w) => q[w])) : difference(q),
    prob_mass: mode === "group_sum" ? sum(masses) : mean(masses),
    rank_0: grouped
      ? Number(correct.includes(order.find((id) => correct.includes(id) || wrong.includes(id))!))
      : mean(correct.map((c) => Number(order[0] === c))),
    accuracy: Number(logitDiff > 0),
    mrr: mean(correct.map((c) => 1 / rank(c))),
    max_group_mrr: Math.max(...correct.map((c) => 1 / rank(c))),
  } satisfies Record<MetricName, number>;
}

Deno.test("computeMetrics() equals the definitions on random rows, including ties", () => {
  const random = new PythonRandom(5);
  const vocabSize = 12;
  for (const mode of ["simple", "pairs", "groups", "group_sum"] as AnswerMode[]) {
    // multiples of 1/2 in a small range make ties frequent
    const rows = Array.from(
      { length: 60 },
      (_, n) =>
        Array.from(
          { length: vocabSize },
          () => n % 2 ? random.randbelow(5) / 2 - 1 : Math.fround(random.uniform(-4, 4)),
        ),
    );
    const prompts = rows.map(() => {
      const ids = random.sample(Array.from({ length: vocabSize }, (_, id) => id), 7);
      if (mode === "simple") return prompt([ids[0]], [ids[1]]);
      if (mode === "pairs") return prompt(ids.slice(0, 3), ids.slice(3, 6));
      return prompt(ids.slice(0, 3), ids.slice(3, 3 + random.randbelow(5)));
    });
    const logits = Float32Array.from(rows.flat());
    const values = computeMetrics(logits, vocabSize, { prompts, mode }, METRIC_NAMES);
    rows.forEach((row, n) => {
      const expected = bruteForce(row, prompts[n], mode);
      for (const name of METRIC_NAMES) {
        assertAlmostEquals(values[name][n], expected[name], 1e-12, `${mode} ${name} row ${n}`);
      }
    });
  }
});

Deno.test("computeMetrics() stays finite for huge, tiny and excluded logits", () => {
  const logits = Float32Array.from([-Infinity, 3e4, 3e4, -3e4]);
  const data = { prompts: [prompt([1], [3])], mode: "simple" as const };
  const values = computeMetrics(logits, 4, data, METRIC_NAMES);
  assertEquals(values.prob_mass[0], 0.5);
  assertEquals(values.prob_diff[0], 0.5);
  assertEquals(values.logit_diff[0], 6e4);
});

Deno.test("computeMetrics() gives equal logits no accuracy, and rank 1 to the lowest id", () => {
  const data = { prompts: [prompt([2], [0])], mode: "simple" as const };
  const values = computeMetrics(new Float32Array(4), 4, data, METRIC_NAMES);
  assertEquals(values.accuracy[0], 0);
  assertEquals(values.rank_0[0], 0);
  assertEquals(values.mrr[0], 1 / 3);
  assertEquals(values.prob_mass[0], 0.25);
});

Deno.test("computeMetrics() agrees with the linear form of readoutOf()", () => {
  const random = new PythonRandom(9);
  const prompts = [prompt([1, 2], [3, 4, 5]), prompt([6, 0, 4], [2])];
  const logits = Float32Array.from({ length: 16 }, () => random.uniform(-3, 3));
  for (
    const metric of [
      { name: "logit_diff", mode: "groups" },
      { name: "prob_diff", mode: "groups" },
      { name: "prob_diff", mode: "group_sum" },
    ] as const
  ) {
    const data = { task: "t", prompts, metric, mode: metric.mode };
    const { kind, ids, weights, width } = readoutOf(data);
    const values = computeMetrics(logits, 8, data, [metric.name]);
    prompts.forEach((_, n) => {
      const row = [...logits.subarray(8 * n, 8 * n + 8)];
      const z = sum(row.map(Math.exp));
      const f = kind === "logits" ? row : row.map((x) => Math.exp(x) / z);
      const linear = sum(Array.from({ length: width }, (_, j) => {
        return weights[n * width + j] * f[ids[n * width + j]];
      }));
      assertAlmostEquals(values[metric.name][n], linear, 1e-6);
    });
  }
});

Deno.test("computeMetrics() rejects rows and answers that do not fit", () => {
  const data = { prompts: [prompt([1], [9])], mode: "simple" as const };
  assertThrows(() => computeMetrics(new Float32Array(5), 4, data, []), RangeError, "1 rows of 4");
  assertThrows(() => computeMetrics(new Float32Array(4), 4, data, []), RangeError, "answer id 9");
});
