import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plainRow, randomCoder } from "../../../tests/support/coder_cases.ts";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import {
  countedRows,
  EXCLUDED,
  FIT,
  meanOf,
  neuronsOf,
  plainLosses,
  type PlainModel,
  type PlainStandIn,
  PROMPTS,
  type Row,
  split,
} from "../../../tests/support/plain_evaluation.ts";
import { setup } from "../../../tests/support/spliced_coder.ts";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import type { EvaluatedArm } from "../../results/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import type { Coder } from "../coder.ts";
import { CoderEvaluator, evaluateCoders } from "./evaluate.ts";
import { rowsOf } from "./token_rows.ts";

function assertArm(
  found: EvaluatedArm,
  plain: PlainModel,
  standIn: PlainStandIn,
  rows: Row[][],
  where: string,
) {
  const check = (name: string, losses: { ce: number; kl: number }, expected: typeof losses) => {
    assertAlmostEquals(losses.ce, expected.ce, 2e-5, `${where} ${name} ce`);
    assertAlmostEquals(losses.kl, expected.kl, 2e-5, `${where} ${name} kl`);
  };
  check("clean", found.clean, plainLosses(plain, [0, 1], standIn, true));
  check("propagating", found.propagating, plainLosses(plain, [0, 1], standIn, false));
  for (const layer of [0, 1]) {
    const place = found.places[layer];
    check(`alone ${layer}`, place.alone, plainLosses(plain, [layer], standIn, true));
    const mean = meanOf(rows[layer].map(({ y }) => y));
    let error = 0, variance = 0, energy = 0;
    for (const row of rows[layer]) {
      const made = standIn(layer, row);
      row.y.forEach((y, j) => {
        error += (made[j] - y) ** 2;
        variance += (y - mean[j]) ** 2;
        energy += y ** 2;
      });
    }
    assertAlmostEquals(place.fvu, error / variance, 1e-4 * (1 + error / variance), `${where} fvu`);
    assertAlmostEquals(
      place.explained_variance_uncentred,
      1 - error / energy,
      1e-4 * (1 + error / energy),
      `${where} uncentred`,
    );
    const mse = error / (rows[layer].length * plain.config.dModel);
    assertAlmostEquals(place.mse, mse, 1e-4 * (1 + mse), `${where} mse`);
  }
}

const coderAt = (layer: number, changes: Partial<Coder["config"]> = {}) =>
  randomCoder({
    dIn: 12,
    dOut: 12,
    features: 9,
    layer,
    inputHook: `blocks.${layer}.mlp.hook_in`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    activation: { name: "topk", k: 3 },
    ...changes,
  }, 5 + layer);

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`evaluateCoders() on a ${name} model equals plain loops under every protocol, coders and floors`, async () => {
    await using context = setup(config);
    const { model, weights } = context;
    const plain = { config, weights };
    const coders = [coderAt(0), coderAt(1, { activation: { name: "relu" }, skip: true })];
    const found = await evaluateCoders(model, coders, {
      rows: [rowsOf(PROMPTS, [EXCLUDED])],
      fitRows: FIT.map((tokens) => rowsOf([tokens], [EXCLUDED])),
    });
    const rows = [0, 1].map((layer) => countedRows(plain, PROMPTS, layer));
    const fit = [0, 1].map((layer) => countedRows(plain, FIT, layer));
    assertEquals(found.tokens, 9);
    const { ce } = plainLosses(plain, [], () => [], true);
    assertAlmostEquals(found.ce, ce, 1e-5);

    assertArm(found.coders, plain, (layer, { x }) => plainRow(coders[layer], x).y, rows, "coders");
    const { zero, mean, unigram, neurons, skip, random } = found.floors;
    assertArm(zero, plain, () => Array(12).fill(0), rows, "zero");
    const means = fit.map((list) => meanOf(list.map(({ y }) => y)));
    assertArm(mean, plain, (layer) => means[layer], rows, "mean");
    const byToken = (layer: number, { token }: Row) => {
      const same = fit[layer].filter((row) => row.token === token);
      return same.length > 0 ? meanOf(same.map(({ y }) => y)) : means[layer];
    };
    assertArm(unigram, plain, byToken, rows, "unigram");
    const ks = coders.map((coder, layer) => {
      const active = fit[layer].map(({ x }) => plainRow(coder, x).a.filter((a) => a !== 0).length);
      return Math.round(meanOf(active.map((n) => [n]))[0]);
    });
    const chosen = ks.map((k, layer) => neuronsOf(plain, layer, k));
    const biases = fit.map((list, layer) => {
      const written = meanOf(list.map(chosen[layer]));
      return means[layer].map((y, j) => y - written[j]);
    });
    const top = (layer: number, row: Row) => chosen[layer](row).map((y, j) => y + biases[layer][j]);
    assertArm(neurons, plain, top, rows, "neurons");
    assertEquals(neurons.places.map(({ l0 }) => l0), ks);

    // A larger family fits better where it is fitted; on other text both stay finite.
    assert(Number.isFinite(skip.places[0].fvu) && Number.isFinite(random.places[0].fvu));
    assertEquals(random.places.map(({ l0 }) => l0 !== null), [true, true]);
    const { clean, propagating } = found.coders;
    const scored = 1 - clean.delta_ce / zero.clean.delta_ce;
    if (zero.clean.delta_ce > 0) assertAlmostEquals(clean.score_zero!, scored, 1e-9);
    else assertEquals(clean.score_zero, null);
    assertAlmostEquals(propagating.delta_ce, propagating.ce - found.ce, 1e-12);
    const fired = (f: number) =>
      rows[0].filter(({ x }) => plainRow(coders[0], x).a[f] !== 0).length;
    const never = Array.from({ length: 9 }, (_, f) => fired(f)).filter((n) => n === 0).length;
    assertEquals(found.features[0].dead, never);
    const counts = found.features[0].density_histogram.reduce((a, b) => a + b, 0);
    assertEquals(counts + never, 9);
  });
}

Deno.test("coders that equal ReLU MLPs cost nothing and have their Jacobian", async () => {
  const config = ARCHITECTURES["GPT-NeoX sequential"];
  await using context = setup(config);
  const { model, weights } = context;
  const exact = [0, 1].map((layer): Coder => {
    const of = (name: string) => Float32Array.from(weights[`${layer}.${name}`]);
    const out = of("out_w"), { dMlp: m, dModel: d } = config;
    const W_dec = out.map((_, at) => out[at % d * m + Math.floor(at / d)]);
    return {
      config: coderAt(layer, { features: m, activation: { name: "relu" } }).config,
      weights: {
        W_enc: tensor(of("in_w"), [m, d]),
        b_enc: tensor(of("in_b"), [m]),
        W_dec: tensor(W_dec, [m, d]),
        b_dec: tensor(of("out_b"), [d]),
      },
    };
  });
  const found = await evaluateCoders(model, exact, {
    rows: [rowsOf(PROMPTS, [EXCLUDED])],
    fitRows: FIT.map((tokens) => rowsOf([tokens], [EXCLUDED])),
  });
  const { places, clean, propagating } = found.coders;
  for (const { fvu, jacobian_cosine, alone } of places) {
    assert(Math.abs(fvu) < 1e-10);
    assertAlmostEquals(jacobian_cosine!, 1, 1e-5);
    assertAlmostEquals(alone.delta_ce, 0, 1e-5);
    assertAlmostEquals(alone.kl, 0, 1e-5);
  }
  assertAlmostEquals(clean.delta_ce, 0, 1e-5);
  assertAlmostEquals(propagating.delta_ce, 0, 1e-5);
});

Deno.test("evaluateCoders() refuses two coders of one layer, and rows without positions", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model } = context;
  const rows = [rowsOf(PROMPTS)], none = [rowsOf([[EXCLUDED, EXCLUDED]], [EXCLUDED])];
  await assertRejects(
    () => evaluateCoders(model, [coderAt(0), coderAt(0)], { rows, fitRows: rows }),
    Error,
    "layer 0 can take one coder",
  );
  await assertRejects(
    () => evaluateCoders(model, [coderAt(0)], { rows, fitRows: none }),
    Error,
    "at least one position that counts",
  );
});

Deno.test("cross-layer coders and SAEs of heads are evaluated, and positions left out keep the model's values", async () => {
  await using context = setup(ARCHITECTURES["GPT-NeoX"]);
  const { model, weights } = context;
  const plain = { config: model.config, weights };
  const coders = [0, 1].map((layer) =>
    coderAt(layer, { kind: "cross_layer", decoderLayers: layer === 0 ? [0, 1] : [1] })
  );
  const rows = [rowsOf(PROMPTS, [EXCLUDED])];
  const fitRows = [rowsOf(FIT, [EXCLUDED])];
  const found = await evaluateCoders(model, coders, { rows, fitRows });
  // The coder of layer 0 alone is an ordinary coder; that of layer 1 adds what the lower one writes for clean inputs.
  const first = (layer: number, { x }: Row) => plainRow(coders[layer], x).y;
  const { alone } = found.coders.places[0];
  const expected = plainLosses(plain, [0], first, true);
  assertAlmostEquals(alone.ce, expected.ce, 2e-5);
  assertAlmostEquals(alone.kl, expected.kl, 2e-5);
  let below: number[][] = [];
  const now: number[][][] = [];
  let ce = 0;
  for (const tokens of PROMPTS) {
    const { logits } = oracle(plain.config, weights, tokens, (name, { data }) => {
      const [, l, point] = /^blocks\.(\d)\.(.*)$/.exec(name) ?? [];
      if (point === "ln2.hook_normalized") {
        const read = split(data, 12);
        if (l === "0") below = read.map((x) => plainRow(coders[0], x, 1).y);
        const made = read.map((x, p) =>
          plainRow(coders[Number(l)], x).y.map((y, j) => l === "1" ? y + below[p][j] : y)
        );
        now[Number(l)] = made;
      }
      if (point !== "hook_mlp_out") return;
      tokens.forEach((token, p) => token !== EXCLUDED && data.set(now[Number(l)][p], p * 12));
    });
    const V = plain.config.vocabSize;
    tokens.slice(0, -1).forEach((token, p) => {
      if (token === EXCLUDED) return;
      const z = [...logits.subarray(p * V, (p + 1) * V)];
      ce += Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) - z[tokens[p + 1]];
    });
  }
  assertAlmostEquals(found.coders.propagating.ce, ce / 7, 2e-5);

  const hook = "blocks.1.attn.hook_z";
  const head = randomCoder({
    kind: "sae",
    dIn: 4,
    dOut: 4,
    inputHook: hook,
    outputHook: hook,
    head: 1,
  });
  const heads = await evaluateCoders(model, [head], { rows, fitRows });
  assertEquals(Object.keys(heads.floors), ["zero", "mean", "unigram", "skip", "random"]);
  assertEquals(heads.coders.places[0].jacobian_cosine, null);
  // One place: the protocols are the same run.
  const { places: [place], clean, propagating } = heads.coders;
  assertAlmostEquals(place.alone.ce, propagating.ce, 1e-6);
  assertAlmostEquals(clean.ce, propagating.ce, 1e-6);
  // The best linear map from a value to itself is the identity.
  assertAlmostEquals(heads.floors.skip.places[0].fvu, 0, 1e-6);
});

Deno.test("a second set of coders on shared floors is evaluated as alone, and one of other places is refused", async () => {
  await using context = setup(ARCHITECTURES["GPT-NeoX"]);
  const { model } = context;
  const options = { rows: [rowsOf(PROMPTS, [EXCLUDED])], fitRows: [rowsOf(FIT, [EXCLUDED])] };
  const sets = [
    { activation: { name: "topk", k: 3 }, features: 9 },
    { activation: { name: "topk", k: 2 }, features: 9 },
    { activation: { name: "topk", k: 2 }, features: 11 },
    { activation: { name: "relu" }, features: 9 },
  ].map((changes) => [0, 1].map((layer) => coderAt(layer, changes as Partial<Coder["config"]>)));
  const shared = await CoderEvaluator.open(model, sets[0], options);
  for (const coders of sets) {
    assertEquals(await shared.evaluate(coders), await evaluateCoders(model, coders, options));
  }
  await assertRejects(
    () => shared.evaluate([coderAt(0), coderAt(1, { inputHook: "blocks.1.ln2.hook_normalized" })]),
    Error,
    "expected coders at the places blocks.0.mlp.hook_in",
  );
});
