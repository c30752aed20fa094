import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { seededIndices } from "../../base/mod.ts";
import type { TokenLabel } from "../../text/mod.ts";
import { rowsOf } from "../../transcoders/mod.ts";
import { type DashboardText, FiringCollector, sampleText } from "../pass/mod.ts";
import { tokenVariance } from "./context_free.ts";
import { type Halves, halvesOf } from "./halves.ts";
import { baseCode, keyGain, SHRINKAGE } from "./information.ts";
import { BlockBootstrap } from "./intervals.ts";
import { KEY_NAMES, sampleKeys } from "./keys.ts";
import { labelPredicates, textPredicates, tokenClass } from "./predicates.ts";
import { FeatureReader } from "./readings.ts";

const EOS = 0, VOCABULARY = ["<eos>", " the", " Mary", ".", "17", " ran", "ing", " a"];

/** Rows of random tokens, and firings of a feature by a function of a row and a position. */
function made(fires: (tokens: number[], p: number) => number, rowCount = 60, seed = 3) {
  const draw = seededIndices(seed);
  const prompts = Array.from(
    { length: rowCount },
    () => Array.from({ length: 12 }, () => draw(VOCABULARY.length)),
  );
  const batches = [rowsOf(prompts.slice(0, 35), [EOS]), rowsOf(prompts.slice(35), [EOS])];
  const text: DashboardText = { batches, eosId: EOS };
  const sample = sampleText(text, 1e9);
  const collector = new FiringCollector(1), dense = new Float64Array(sample.tokens);
  for (const { tokens, numbers } of sample.rows) {
    numbers.forEach((t, p) => {
      const value = t < 0 ? 0 : fires([...tokens], p);
      if (value <= 0) return;
      collector.add(t, 0, value);
      dense[t] = Math.fround(value);
    });
  }
  const firings = collector.byFeature();
  return { text, sample, dense, firings, halves: halvesOf(firings, 0, sample) };
}

/** Fires on " the" after " Mary" always, else on " the" now and then. */
const noisy = (tokens: number[], p: number) =>
  tokens[p] === 1 ? (tokens[p - 1] === 2 ? 2 + p / 10 : p % 3 === 0 ? 0.5 : 0) : p === 5 ? 0.25 : 0;

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const tokensOf = (sample: ReturnType<typeof sampleText>) => {
  const count = new Float64Array(sample.blocks);
  sample.heldOut.forEach((held, t) => count[sample.block[t]] += held);
  return count;
};

Deno.test("sample: even rows fit, odd rows are held out, end-of-text does not count", () => {
  const { sample, text } = made(noisy);
  const prompts = text.batches.flatMap((batch) => batch.prompts);
  assertEquals(sample.rows.map(({ tokens }) => tokens), prompts);
  for (const [r, { tokens, numbers }] of sample.rows.entries()) {
    numbers.forEach((t, p) => {
      assertEquals(t < 0, tokens[p] === EOS);
      if (t >= 0) assertEquals(sample.heldOut[t], r % 2);
    });
  }
  assertEquals(sample.blocks, 30);
  const half = sampleText(text, sample.tokens / 2);
  assertEquals(half.rows.length, 30);
});

Deno.test("information: the gain of every key is that of coding the tokens one by one", () => {
  for (const seed of [3, 4, 5]) {
    const { text, sample, dense, halves } = made(noisy, 60, seed);
    const keys = sampleKeys(text, sample), base = baseCode(halves, sample, tokensOf(sample));
    const fit = Array.from(dense.keys()).filter((t) => !sample.heldOut[t]);
    const held = Array.from(dense.keys()).filter((t) => sample.heldOut[t]);
    const n1 = fit.filter((t) => dense[t] > 0).length, p0 = (n1 + 0.5) / (fit.length + 1);
    const log = (p: number, t: number) => Math.log(dense[t] > 0 ? p : 1 - p);
    assertAlmostEquals(sum(base.length), -sum(held.map((t) => log(p0, t))), 1e-9);
    for (const name of KEY_NAMES) {
      const { of } = keys[name];
      const probability = (t: number, alpha: number, others: number[]) => {
        const here = others.filter((o) => of[o] === of[t]);
        const fired = here.filter((o) => dense[o] > 0).length;
        return (fired + alpha * p0) / (here.length + alpha);
      };
      const codes = SHRINKAGE.map((alpha) =>
        sum(fit.map((t) => log(probability(t, alpha, fit.filter((o) => o !== t)), t)))
      );
      const alpha = SHRINKAGE[codes.indexOf(Math.max(...codes))];
      const gain = held.map((t) => log(probability(t, alpha, fit), t) - log(p0, t));
      const found = keyGain(halves, keys[name], base, sample);
      assertAlmostEquals(sum(found), sum(gain), 1e-9, name);
      const inBlock = held.map((t, i) => sample.block[t] === 3 ? gain[i] : 0);
      assertAlmostEquals(found[3], sum(inBlock), 1e-9, name);
    }
  }
});

Deno.test("context-free share: the held-out variance that a table by token explains", () => {
  const { text, sample, dense, halves } = made(noisy);
  const { of } = sampleKeys(text, sample).token;
  const fit = Array.from(dense.keys()).filter((t) => !sample.heldOut[t]);
  const held = Array.from(dense.keys()).filter((t) => sample.heldOut[t]);
  const mean = (list: number[]) => sum(list.map((t) => dense[t])) / list.length;
  const left = sum(held.map((t) => (dense[t] - mean(fit.filter((o) => of[o] === of[t]))) ** 2));
  const all = sum(held.map((t) => (dense[t] - mean(fit)) ** 2));
  const keys = sampleKeys(text, sample).token;
  const [unexplained, total] = tokenVariance(halves, keys, sample, tokensOf(sample));
  assertAlmostEquals(sum(unexplained), left, 1e-9);
  assertAlmostEquals(sum(total), all, 1e-9);
});

Deno.test("rules: a planted conjunction is found, with the F1 of a count over the held-out rows", () => {
  const planted = (tokens: number[], p: number) =>
    tokens[p] === 1 && tokens[p - 1] === 2 || p === 7 && tokens[p] === 4 ? 1 : 0;
  const { text, sample, dense, firings } = made(planted, 400);
  const reader = new FeatureReader(text, sample, VOCABULARY, 0);
  const { rule, scores, label } = reader.read(firings, 0)!;
  assertEquals(rule!.predicates, [["token", 1], ["previous", 2]]);
  assertEquals(label, undefined);
  let both = 0, rules = 0, fired = 0;
  for (const { tokens, numbers } of sample.rows) {
    numbers.forEach((t, p) => {
      if (t < 0 || !sample.heldOut[t]) return;
      const holds = tokens[p] === 1 && tokens[p - 1] === 2;
      rules += Number(holds);
      fired += Number(dense[t] > 0);
      both += Number(holds && dense[t] > 0);
    });
  }
  assertEquals(rule!.precision, both / rules);
  assertEquals(rule!.recall, both / fired);
  const [f1, low, high] = scores.rule!;
  assertAlmostEquals(f1, 2 * both / (rules + fired), 1e-12);
  assert(low < f1 && f1 < high && low > f1 - 0.2 && high < f1 + 0.2);
});

Deno.test("rules: the best rule is that of a search over all predicates and pairs", () => {
  for (const seed of [7, 8, 9, 10]) searched(seed);
});

function searched(seed: number) {
  const often = (tokens: number[], p: number) =>
    tokens[p] === 1 && p % 4 < 2 || tokens[p - 1] === 5 && p > 6 ? 1 : noisy(tokens, p);
  const { text, sample, dense, firings } = made(often, 120, seed);
  const found = new FeatureReader(text, sample, VOCABULARY, 0).read(firings, 0)!.rule!;
  const { predicates, columns, column } = textPredicates(text, sample, VOCABULARY);
  const fit = Array.from(dense.keys()).filter((t) => !sample.heldOut[t]);
  const f1 = (ids: number[]) => {
    const holds = fit.filter((t) => ids.every((id) => columns[column[id]][t] === id));
    const both = holds.filter((t) => dense[t] > 0).length;
    return 2 * both / (holds.length + fit.filter((t) => dense[t] > 0).length);
  };
  const singles = predicates.map((_, id) => f1([id]));
  let best = Math.max(...singles) + 0.01, pair = [singles.indexOf(Math.max(...singles))];
  for (let a = 0; a < predicates.length; a++) {
    for (let b = a + 1; b < predicates.length; b++) {
      if (column[a] === column[b] || f1([a, b]) <= best) continue;
      best = f1([a, b]);
      pair = column[a] < column[b] ? [a, b] : [b, a];
    }
  }
  assertEquals(found.predicates, pair.map((id) => predicates[id]));
}

Deno.test("predicates: what each kind says of a token", () => {
  const tokens = [EOS, 2, 1, 2, 5, 2, EOS, 1, 2];
  const text: DashboardText = { batches: [rowsOf([tokens, tokens], [EOS])], eosId: EOS };
  const sample = sampleText(text, 1e9);
  const { predicates, columns } = textPredicates(text, sample, VOCABULARY);
  const at = (p: number) =>
    Object.fromEntries(
      columns.map((ids) => ids[sample.rows[0].numbers[p]]).filter((id) => id >= 0)
        .map((id) => predicates[id]),
    );
  assertEquals(at(5), {
    token: 2,
    previous: 5,
    before_previous: 2,
    class: "capitalised",
    previous_class: "word",
    position: 5,
    document: 4,
    seen: "before",
    after_seen: 5,
  });
  assertEquals(at(8), {
    token: 2,
    previous: 1,
    before_previous: EOS,
    class: "capitalised",
    previous_class: "word",
    position: 8,
    document: 1,
    seen: "first",
  });
  assertEquals(VOCABULARY.map(tokenClass), [
    undefined,
    "word",
    "capitalised",
    "punctuation",
    "digits",
    "word",
    "continuation",
    "word",
  ]);
});

Deno.test("a feature that fires too rarely has no readings", () => {
  const { text, sample, firings } = made((_, p) => p === 3 ? 1 : 0, 14);
  assertEquals(new FeatureReader(text, sample, VOCABULARY, 0).read(firings, 0), undefined);
});

Deno.test("intervals: a constant has none, and a mean's is that of the normal distribution", () => {
  const bootstrap = new BlockBootstrap(64, 1), draw = seededIndices(2);
  const ones = new Float64Array(64).fill(1);
  const x = Float64Array.from(ones, () => draw(1000) / 1000);
  const ratio = ([a, b]: readonly number[]) => a / b;
  assertEquals(bootstrap.score([ones, ones], ratio), [1, 1, 1]);
  const [mean, low, high] = bootstrap.score([x, ones], ratio)!;
  const error = Math.sqrt(sum(x.map((v) => (v - mean) ** 2)) / 64 / 64);
  assertAlmostEquals((high - low) / (2 * 1.96 * error), 1, 0.25);
  assertEquals(bootstrap.score([ones, new Float64Array(64)], ratio), null);
});

Deno.test("halves: every firing is in the half of its row", () => {
  const { firings, sample, halves } = made(noisy);
  const both: Halves = halves;
  assertEquals(both.fit.tokens.length + both.heldOut.tokens.length, firings.tokens.length);
  assert(both.fit.tokens.every((t) => !sample.heldOut[t]));
  assert(both.heldOut.tokens.every((t) => sample.heldOut[t] === 1));
});

Deno.test("predicates: what the generator says of a token, in the row of its batch", () => {
  const tokens = [2, 5, 1, 4];
  const labels: TokenLabel[] = [
    { kind: "two_people", sentence: "gift", position: 0, role: "giver", part: 0 },
    { kind: "two_people", sentence: "gift", position: 1 },
    {
      kind: "two_people",
      sentence: "gift",
      position: 2,
      role: "thing",
      number: "plural",
      index: 3,
    },
    { kind: "end_of_text", sentence: "end_of_text", position: 0 },
  ];
  const other: TokenLabel = { kind: "facts", sentence: "fact", position: 9 };
  const text: DashboardText = {
    batches: [rowsOf([tokens, tokens]), rowsOf([tokens, tokens])],
    labels: (batch) => batch === 1 ? [other, other, other, other, ...labels] : Array(8).fill(other),
  };
  const sample = sampleText(text, 1e9);
  const { predicates, columns } = labelPredicates(text, sample)!;
  const at = (row: number, p: number) =>
    Object.fromEntries(
      columns.map((ids) => ids[sample.rows[row].numbers[p]]).filter((id) => id >= 0)
        .map((id) => predicates[id]),
    );
  const gift = { kind: "two_people", sentence: "two_people/gift" };
  assertEquals(at(3, 0), { ...gift, role: "giver", part: 0, place: 0 });
  assertEquals(at(3, 1), { ...gift, place: 1, next_role: "thing" });
  assertEquals(at(3, 2), {
    ...gift,
    role: "thing",
    number: "plural",
    index: 3,
    place: 2,
    next_role: "end_of_text",
  });
  assertEquals(at(2, 3), { kind: "facts", sentence: "facts/fact", place: 9 });
  assertEquals(labelPredicates({ batches: text.batches }, sample), undefined);
});
