/** Starts from given coders and from an MLP, as functions. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { coderConfig } from "../../../../tests/support/coder_cases.ts";
import { randomModel, smallConfig } from "../../../../tests/support/random_model.ts";
import { UserError } from "../../../base/mod.ts";
import { HookedModel } from "../../../model/mod.ts";
import { layoutOf, viewOf } from "../../../training/mod.ts";
import type { Coder } from "../../coder.ts";
import { coderObjective, type CoderObjectiveSettings } from "../coder_objective.ts";
import { reluL1, saelensJumpRelu, saelensTopK } from "../peers.ts";
import { coderParameters, type CoderShape } from "../shape.ts";
import { noise, randomState, SHAPE } from "../testdata.ts";
import { trainedCoder } from "../trained_coder.ts";
import { coderValues } from "./coder_values.ts";
import { mlpValues, neuronsOf } from "./mlp_values.ts";
import { startValues } from "./start_values.ts";

const shape: CoderShape = { ...SHAPE, skip: true };
const sparsity = { coefficient: 0.1 }, deadAfter = 10;
const CASES: Record<string, CoderObjectiveSettings> = {
  "an input bias of its own": reluL1({ shape, deadAfter, sparsity }),
  "a shared bias": reluL1({
    shape: { ...SHAPE, dIn: 6, inputBias: "shared" },
    deadAfter,
    sparsity,
  }),
  topk: saelensTopK({
    shape: { ...shape, inputBias: undefined },
    deadAfter,
    k: 3,
    byDecoderNorm: false,
  }),
  jumprelu: saelensJumpRelu({ shape, deadAfter, sparsity, bandwidth: 0.2 }),
};

for (const [name, settings] of Object.entries(CASES)) {
  for (const unitRows of [false, true]) {
    Deno.test(`a coder's parameters give the coder again: ${name}, unit rows ${unitRows}`, () => {
      const { weights, carried } = randomState(coderObjective(settings));
      const { dIn, dOut, features } = settings.shape;
      const made = trainedCoder(settings, { weights, carried });
      const coder: Coder = {
        config: coderConfig({
          ...{ dIn, dOut, features, activation: made.activation },
          skip: Boolean(settings.shape.skip),
        }),
        weights: made.weights,
      };
      const vector = coderValues(coder, settings.shape, unitRows);
      const again = trainedCoder(settings, { weights: vector, carried });
      for (let f = 0; f < features; f++) {
        const row = (w: Float32Array, d: number) => w.subarray(f * d, (f + 1) * d);
        const norm = unitRows ? Math.hypot(...row(made.weights.W_dec.data, dOut)) : 1;
        // The same function: pre-activation and threshold times the norm, output row divided by it.
        const check = (a: Float32Array, b: Float32Array, factor: number) =>
          a.forEach((x, i) => assertAlmostEquals(x, factor * b[i], 1e-5));
        check(row(again.weights.W_enc.data, dIn), row(made.weights.W_enc.data, dIn), norm);
        check(row(again.weights.b_enc.data, 1), row(made.weights.b_enc.data, 1), norm);
        check(row(again.weights.W_dec.data, dOut), row(made.weights.W_dec.data, dOut), 1 / norm);
        if (made.weights.threshold) {
          check(row(again.weights.threshold!.data, 1), row(made.weights.threshold.data, 1), norm);
        }
      }
      assertEquals(again.weights.b_dec, made.weights.b_dec);
      assertEquals(again.weights.W_skip, made.weights.W_skip);
      assertThrows(
        () => coderValues(coder, { ...settings.shape, features: 21 }, false),
        UserError,
        "W_enc [21",
      );
    });
  }
}

for (const architecture of ["gpt_neox", "gpt2"] as const) {
  for (const inputBias of [undefined, "own"] as const) {
    Deno.test(`a coder that starts from a ReLU MLP is that MLP (${architecture}, ${inputBias})`, async () => {
      const config = smallConfig(architecture, { activation: "relu" });
      const model = HookedModel.fromSource(randomModel(config).source);
      try {
        const d = config.dModel, n = config.dMlp;
        const shape: CoderShape = { rows: 4, dIn: d, dOut: d, features: n + 5, inputBias };
        const neurons = await neuronsOf(model, 1);
        const vector = startValues(shape, {
          seed: 3,
          decoder: { rows: neurons.writing },
          inputBias: inputBias && noise(d, 8),
        });
        mlpValues(vector, shape, neurons);
        const { hooks } = await model.run([[3, 1, 4, 1, 5]], {
          read: ["blocks.1.ln2.hook_normalized", "blocks.1.hook_mlp_out"],
        });
        const parts = Object.fromEntries(
          layoutOf(coderParameters(shape)).tensors.map((t) => [t.name, viewOf(vector, t)]),
        );
        const { out_b } = await model.weights.layer(1);
        const x = hooks.get("blocks.1.ln2.hook_normalized")!.data;
        const y = hooks.get("blocks.1.hook_mlp_out")!.data;
        const { W_enc, b_enc, W_dec, b_in } = parts;
        for (let p = 0; p < 5; p++) {
          const output = Float64Array.from(out_b.data);
          for (let f = 0; f < n; f++) {
            let pre = b_enc[f];
            for (let i = 0; i < d; i++) pre += W_enc[f * d + i] * (x[p * d + i] - (b_in?.[i] ?? 0));
            for (let i = 0; i < d; i++) output[i] += Math.max(0, pre) * W_dec[f * d + i];
          }
          output.forEach((v, i) => assertAlmostEquals(v, y[p * d + i], 2e-5));
        }
        assert(W_enc.subarray(n * d).some((w) => w !== 0), "the other features are drawn");
        assertThrows(
          () => mlpValues(vector, { ...shape, features: n - 1 }, neurons),
          UserError,
          `${n} neurons`,
        );
      } finally {
        model.close();
        await model.runtime.close();
      }
    });
  }
}
