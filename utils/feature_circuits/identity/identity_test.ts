import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { uniform } from "../../../tests/support/random_model.ts";
import { pearson } from "../../base/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import { matchThreshold, permutedNull } from "./matching.ts";
import { compareFeatures, type FeatureProfile } from "./similarity.ts";
import { addTokens, correlations, noActivations } from "./sparse_activations.ts";
import { ABSENT, trackBack } from "./tracks.ts";
import { turnoverOf } from "./turnover.ts";

const D = 24, TOKENS = 800;

/** A feature: a direction, and the tokens that it fires at with what strength. */
interface MadeFeature {
  direction: number[];
  firing: Map<number, number>;
}

function madeFeature(next: () => number): MadeFeature {
  const firing = new Map<number, number>();
  for (let t = 0; t < TOKENS; t++) if (next() > 0.94) firing.set(t, 1 + Math.abs(next()));
  return { direction: Array.from({ length: D }, next), firing };
}

/** The same feature, a little changed. */
function drifted({ direction, firing }: MadeFeature, next: () => number): MadeFeature {
  return {
    direction: direction.map((x) => x + 0.15 * next()),
    firing: new Map(
      [...firing].filter(() => next() > -0.9).map(([t, a]) => [t, a * (1 + 0.1 * next())]),
    ),
  };
}

function profileOf(features: readonly MadeFeature[]): FeatureProfile {
  const F = features.length;
  const dense = new Float32Array(TOKENS * F);
  features.forEach(({ firing }, f) => firing.forEach((a, t) => dense[t * F + f] = a));
  const activations = noActivations(F);
  addTokens(activations, tensor(dense, [TOKENS, F]), new Uint8Array(TOKENS).fill(1));
  const decoder = Float32Array.from(features.flatMap(({ direction }) => direction));
  return { decoder: tensor(decoder, [F, D]), activations };
}

/** 60 features; of these 45 come back in another order, one of them as two, 14 are gone and 20 are new. */
function series() {
  const next = uniform(3);
  const old = Array.from({ length: 60 }, () => madeFeature(next));
  const silent = { direction: Array.from({ length: D }, next), firing: new Map<number, number>() };
  const kept = old.slice(0, 45).map((feature) => drifted(feature, next));
  const twin = drifted(old[7], next);
  // two halves of what feature 7 fires at, the first of them larger
  const [large, small] = [kept[7], twin].map((feature, h) => ({
    ...feature,
    firing: new Map([...feature.firing].filter((_, i) => (i % 5 < 3) === (h === 0))),
  }));
  kept[7] = large;
  const born = Array.from({ length: 20 }, () => madeFeature(next));
  const now = [...born.slice(0, 5), small, ...kept.toReversed(), silent, ...born.slice(5)];
  const placeOf = (i: number) => 6 + 44 - i;
  return { old, now, placeOf };
}

Deno.test("turnoverOf() finds a known permutation, births, deaths and a split", () => {
  const { old, now, placeOf } = series();
  const found = compareFeatures(profileOf(old), profileOf(now));
  const threshold = matchThreshold(permutedNull(found, 1));
  const { kept, born, dead, split, merged } = turnoverOf(found, threshold);
  assertEquals(
    new Map(kept.map(([a, b]) => [a, b])),
    new Map(Array.from({ length: 45 }, (_, i) => [i, placeOf(i)])),
  );
  assertEquals(dead, Array.from({ length: 15 }, (_, i) => 45 + i));
  // the silent feature at place 51 is neither kept nor born
  assertEquals(born, [0, 1, 2, 3, 4, 5, ...Array.from({ length: 15 }, (_, i) => 52 + i)]);
  assertEquals(split, [[7, [5]]]);
  assertEquals(merged, []);
});

Deno.test("turnoverOf() seen backwards gives a merger for the split", () => {
  const { old, now, placeOf } = series();
  const found = compareFeatures(profileOf(now), profileOf(old));
  const { merged, split } = turnoverOf(found, matchThreshold(permutedNull(found, 1)));
  assertEquals(merged, [[7, [5]]]);
  assertEquals(split, []);
  assert(placeOf(7) !== 5);
});

Deno.test("thresholds let at most 1 % of chance pairs through", () => {
  const next = uniform(11);
  const of = () => profileOf(Array.from({ length: 120 }, () => madeFeature(next)));
  const found = compareFeatures(of(), of());
  const threshold = matchThreshold(permutedNull(found, 5));
  // nothing belongs together here, so the real matching is a draw of the null
  assert(turnoverOf(found, threshold).kept.length <= 6);
  const list = Array.from({ length: 300 }, (_, i) => i / 300);
  assertEquals(list.filter((x) => x >= matchThreshold(list)).length, 3);
});

Deno.test("a feature needs both its direction and its tokens to be the same", () => {
  const next = uniform(5);
  const a = Array.from({ length: 30 }, () => madeFeature(next));
  const others = Array.from({ length: 30 }, () => madeFeature(next));
  const mixed = (which: "direction" | "firing") =>
    profileOf(a.map((feature, i) => ({ ...feature, [which]: others[i][which] })));
  const threshold = matchThreshold(permutedNull(compareFeatures(profileOf(a), profileOf(a)), 2));
  for (const which of ["direction", "firing"] as const) {
    const { kept } = turnoverOf(compareFeatures(profileOf(a), mixed(which)), threshold);
    assert(kept.filter(([i, j]) => i === j).length <= 6, `${which}: ${kept.length}`);
  }
  const same = turnoverOf(compareFeatures(profileOf(a), profileOf(a)), threshold);
  assertEquals(same.kept.map(([i, j]) => i - j), new Array(30).fill(0));
});

Deno.test("correlations() equals Pearson's r of the dense activations", () => {
  const next = uniform(8);
  const features = Array.from({ length: 6 }, () => madeFeature(next));
  const { activations } = profileOf(features);
  const dense = features.map(({ firing }) =>
    Array.from({ length: TOKENS }, (_, t) => firing.get(t) ?? 0)
  );
  const found = correlations(activations, activations);
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) {
      assertAlmostEquals(found[i * 6 + j], pearson(dense[i], dense[j]), 1e-6);
    }
  }
  const short = profileOf(features).activations;
  assertThrows(
    () => correlations(activations, { ...short, starts: short.starts.slice(0, -1) }),
    Error,
    "799 tokens",
  );
});

Deno.test("trackBack() follows matches and stops at the first gap", () => {
  const kept: [number, number, number][][] = [
    [[4, 1, 1], [2, 9, 1]],
    [[1, 5, 1], [9, 6, 1]],
    [[5, 0, 1]],
  ];
  assertEquals(trackBack(kept, 0), [4, 1, 5, 0]);
  assertEquals(trackBack(kept.slice(0, 2), 6), [2, 9, 6]);
  assertEquals(trackBack(kept, 3), [ABSENT, ABSENT, ABSENT, 3]);
  assertEquals(trackBack([kept[0], [], kept[2]], 0), [ABSENT, ABSENT, 5, 0]);
});
