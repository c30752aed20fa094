import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { EvaluatedArm, TranscoderSweep } from "../utils/results/mod.ts";
import { bestToken, type FeatureRow, scoreHypothesis, uniformPlaces } from "./case_study.ts";
import { sweepPoints } from "./sweep_points.ts";

const TEXTS = ["a", "b", "c"];
/** A tokenizer of three tokens, as far as the functions use it. */
const features = {
  tokenizer: { decode: ([id]: number[]) => TEXTS[id] } as unknown as NonNullable<
    Parameters<typeof scoreHypothesis>[0]["tokenizer"]
  >,
};

const row = (tokens: number[], activations: number[], counted?: number[]): FeatureRow => ({
  tokens,
  activations: Float32Array.from(activations),
  counted: Uint8Array.from(counted ?? tokens.map(() => 1)),
});

Deno.test("uniform places: for each level the closest firing, the strongest first, none twice", () => {
  const rows = [row([0, 0, 0], [1, 0, 5]), row([0, 0, 0], [4.9, 3.2, 0])];
  // levels 5, 3 and 1
  assertEquals(
    uniformPlaces(rows, 3).map(({ row, position }) => [row, position]),
    [[0, 2], [1, 1], [0, 0]],
  );
  assertEquals(uniformPlaces(rows, 100).length, 4);
  assertEquals(uniformPlaces([row([0], [0])], 5), []);
});

Deno.test("a hypothesis is scored by counts, activation and an interval; positions that do not count take no part", () => {
  const rows = [
    row([0, 1, 1, 2], [0, 2, 4, 0]),
    row([1, 0, 1, 2], [0, 3, 9, 1], [1, 1, 0, 1]),
  ];
  // b at 0.1, 0.2 and 1.0; fires at 0.1, 0.2, 1.1 and 1.3
  const score = scoreHypothesis(features, rows, (words, p) => words[p] === "b");
  assertEquals([score.holds, score.fires, score.both], [3, 4, 2]);
  assertAlmostEquals(score.precision, 2 / 3);
  assertAlmostEquals(score.recall, 1 / 2);
  assertAlmostEquals(score.f1[0], 4 / 7);
  assertAlmostEquals(score.mass, 6 / 10);
  assertAlmostEquals(score.inside, 2);
  assertAlmostEquals(score.outside, 1);
  // resamples of two rows: F1 is 1 (the first twice), 0 (the second twice) or 4/7
  assertEquals(score.f1.slice(1), [0, 1]);
  const nowhere = scoreHypothesis(features, rows, () => false);
  assertEquals([nowhere.precision, nowhere.recall, nowhere.f1[0], nowhere.inside], [0, 0, 0, 0]);
  // a fires at 1 of 2, b at 2 of 3, c at 1 of 2: 2·1/(2 + 1) = 2/3, 4/5 and 2/3
  const best = bestToken(features, rows);
  assertEquals(best.text, "b");
  assert(best.holds(["b"], 0) && !best.holds(["a"], 0));
});

Deno.test("points of a sweep: means over layers, sums of dead features, order by kind and L0", () => {
  const losses = (delta_ce: number) => ({
    ce: 1 + delta_ce,
    delta_ce,
    kl: 0,
    score_zero: null,
    score_mean: null,
  });
  const standIn = (delta: number, fvus: number[]): EvaluatedArm => ({
    places: fvus.map((fvu, layer) => ({
      layer,
      l0: 4,
      mse: 0,
      fvu,
      explained_variance_uncentred: 0,
      jacobian_cosine: null,
      alone: losses(9),
    })),
    clean: losses(8),
    propagating: losses(delta),
  });
  const arm = (name: string, l0: number, changes = {}): TranscoderSweep["arms"][number] => ({
    name,
    stream: 0,
    kind: "transcoder",
    activation: "topk",
    skip: false,
    width: 6,
    sparsity: { key: "k", value: l0 },
    settings: {},
    l0,
    fvu: 0.3,
    front: true,
    coders_digest: "",
    features: [2, 5].map((dead, layer) => ({
      layer,
      features: 6,
      dead,
      dense: 0,
      density_histogram: [],
    })),
    coders: standIn(0.25, [0.2, 0.4]),
    floors: { neurons: standIn(0.5, [0.6, 0.8]), random: standIn(2, [1, 1]) },
    ...changes,
  });
  const about = { model: "tiny", step: 3, trainTokens: 10 };
  const { points, levels, ce } = sweepPoints({
    streams: [{
      ce: 1,
      tokens: 5,
      input: "in",
      output: "out",
      floors: { zero: standIn(3, [1, 1]) },
    }],
    arms: [arm("dense", 8), arm("sae", 1, { kind: "sae", skip: true }), arm("sparse", 2)],
  }, about);
  assertEquals(points.map(({ name }) => name), ["sae", "sparse", "dense"]);
  assertEquals(points[0].kind, "sae topk with a linear path");
  const [, { fvu, deltaCe, neurons, random, dead }] = points;
  assertAlmostEquals(fvu, 0.3);
  assertEquals([deltaCe, neurons.deltaCe, random.deltaCe, dead], [0.25, 0.5, 2, 7]);
  assertEquals([levels, ce], [{ zero: 3 }, 1]);
});
