/**
 * What a batch of prompt pairs needs once per checkpoint, for attribution and for every circuit evaluated on it:
 *
 *  1. keys and values of the shared prefix;
 *  2. the clean and the corrupted suffix in one run: head values z, MLP outputs, residual streams, metrics;
 *  3. what "corrupted" means: activations of the corrupted prompt (`patching`), zeros (`zero`), or their mean over a
 *     data set (`mean`, and `mean-positional` per position from the start).
 *
 * Heads are kept as z `[batch, pos, H, d_head]`; their residual-stream output z·W_O is formed where it is needed.
 */
import { type F32, repeatRows, sliceRows, tensor } from "../../onnx/mod.ts";
import { type HookedModel, hookNames, type Past } from "../../model/mod.ts";
import { prefixPast, type PromptBatch } from "../../tasks/mod.ts";

export const INTERVENTIONS = ["patching", "zero", "mean", "mean-positional"] as const;
export type Intervention = (typeof INTERVENTIONS)[number];

/** Source outputs of one run: input (the token embedding) `[N, P, d]`, and per layer z `[N, P, H, d_head]` and MLP output `[N, P, d]`. */
export interface SourceOutputs {
  input: F32;
  z: F32[];
  mlp: F32[];
}

export interface BatchActivations {
  batch: PromptBatch;
  past?: Past;
  clean: SourceOutputs;
  /** the intervention's activations in the same shapes */
  corrupted: SourceOutputs;
  /** clean residual stream before each layer, and after the last: L + 1 times `[N, P, d]` */
  residuals: F32[];
  /** sequential models: clean residual stream between attention and MLP of each layer */
  mids: F32[];
  /** the same streams of the run on the corrupted tokens */
  corruptedRun: { pre: F32[]; mid: F32[] };
  /** the metric of each prompt, whole model, clean and corrupted tokens */
  cleanMetric: Float32Array;
  corruptedMetric: Float32Array;
}

/** Mean activations over a data set: `[1, 1, …]` or, per position, `[1, P, …]`. */
export interface MeanActivations {
  positional: boolean;
  /** positions that the positional means cover */
  length: number;
  means: SourceOutputs;
}

/** Returns the rows of the clean prompts, or of the corrupted ones after them, as a view. */
function half(t: F32, second: boolean): F32 {
  const n = t.shape[0] / 2;
  return second ? sliceRows(t, n, 2 * n) : sliceRows(t, 0, n);
}

/** A past for `times` copies of a batch, for the layers from `from` on; those before keep one copy. */
export function repeatPast(past: Past, times: number, from = 0): Past {
  return {
    length: past.length,
    layers: past.layers.map((layer, l) =>
      l < from ? layer : { k: repeatRows(layer.k, times), v: repeatRows(layer.v, times) }
    ),
  };
}

/** Runs both prompts of every pair and collects what the header lists. */
export async function batchActivations(
  model: HookedModel,
  batch: PromptBatch,
  intervention: Intervention = "patching",
  means?: MeanActivations,
): Promise<BatchActivations> {
  const past = await prefixPast(model, batch.prefix);
  if (past && intervention !== "patching") {
    throw new Error(
      `intervention "${intervention}" changes the shared prefix: batch without sharing it`,
    );
  }
  const points = ["hook_resid_pre", "attn.hook_z", "hook_mlp_out"];
  if (!model.config.parallel) points.push("hook_resid_mid");
  const both = [...batch.clean, ...batch.corrupted];
  const { residual, hooks } = await model.run(both, {
    read: ["hook_embed", ...points.flatMap((point) => hookNames(model.config, point))],
    past: past && repeatPast(past, 2),
  });
  const take = (point: string, second: boolean) =>
    hookNames(model.config, point).map((name) => half(hooks.get(name)!, second));
  const streams = (second: boolean) => ({
    pre: [...take("hook_resid_pre", second), half(residual, second)],
    mid: model.config.parallel ? [] : take("hook_resid_mid", second),
  });
  const cleanRun = streams(false);
  const outputs = (second: boolean): SourceOutputs => ({
    input: half(hooks.get("hook_embed")!, second),
    z: take("attn.hook_z", second),
    mlp: take("hook_mlp_out", second),
  });
  const clean = outputs(false);
  const positions = batch.clean.map(() => batch.position);
  const metric = async (r: F32) =>
    (await model.readout({ residual: r, positions, readout: batch.readout })).values.data;
  return {
    batch,
    past,
    clean,
    corrupted: intervention === "patching" ? outputs(true) : replaced(clean, intervention, means),
    residuals: cleanRun.pre,
    mids: cleanRun.mid,
    corruptedRun: streams(true),
    cleanMetric: await metric(half(residual, false)),
    corruptedMetric: await metric(half(residual, true)),
  };
}

/**
 * Zeros or data-set means in the shapes of `like`.
 * @throws Error if the means are missing, of the other kind, or of fewer positions than the prompts have.
 */
function replaced(
  like: SourceOutputs,
  intervention: Intervention,
  means?: MeanActivations,
): SourceOutputs {
  if (intervention !== "zero" && !means) {
    throw new Error(`intervention "${intervention}" needs mean activations`);
  }
  const positions = like.input.shape[1];
  if (intervention === "mean-positional" && (!means!.positional || means!.length < positions)) {
    const found = means!.positional ? `${means!.length} positions` : "one mean for all positions";
    throw new Error(
      `intervention "${intervention}": prompts have ${positions} positions, the means are of ` +
        `${found}; take them over prompts that are at least as long`,
    );
  }
  if (intervention === "mean" && means!.positional) {
    throw new Error(`intervention "mean" needs one mean for all positions, found one per position`);
  }
  const fill = (t: F32, mean?: F32): F32 => {
    const data = new Float32Array(t.data.length);
    if (mean) {
      const [N, P] = t.shape;
      const row = data.length / (N * P);
      for (let n = 0; n < N; n++) {
        for (let p = 0; p < P; p++) {
          const from = means!.positional ? p * row : 0;
          data.set(mean.data.subarray(from, from + row), (n * P + p) * row);
        }
      }
    }
    return tensor(data, t.shape);
  };
  const m = intervention === "zero" ? undefined : means!.means;
  return {
    input: fill(like.input, m?.input),
    z: like.z.map((z, l) => fill(z, m?.z[l])),
    mlp: like.mlp.map((x, l) => fill(x, m?.mlp[l])),
  };
}

/**
 * Mean source outputs over prompts, computed in whole: over items and real positions, or per position over the items
 * that reach it. Prompts are those of the data set that the intervention draws on (usually the corrupted ones).
 */
export async function meanActivations(
  model: HookedModel,
  prompts: readonly (readonly number[])[],
  positional: boolean,
): Promise<MeanActivations> {
  const length = Math.max(...prompts.map((p) => p.length));
  const slots = positional ? length : 1;
  const counts = new Float64Array(slots);
  const sums = new Map<string, Float64Array>();
  const read = [
    "hook_embed",
    ...hookNames(model.config, "attn.hook_z"),
    ...hookNames(model.config, "hook_mlp_out"),
  ];
  for (const prompt of prompts) {
    const { hooks } = await model.run([prompt], { read });
    for (let p = 0; p < prompt.length; p++) counts[positional ? p : 0]++;
    for (const [name, t] of hooks) {
      const row = t.data.length / prompt.length;
      const sum = sums.get(name) ?? new Float64Array(slots * row);
      for (let i = 0; i < t.data.length; i++) {
        sum[positional ? i : i % row] += t.data[i];
      }
      sums.set(name, sum);
    }
  }
  const meanOf = (name: string): F32 => {
    const sum = sums.get(name)!;
    const row = sum.length / slots;
    const data = Float32Array.from(sum, (x, i) => x / counts[Math.floor(i / row)]);
    return tensor(data, [slots, row]);
  };
  return {
    positional,
    length,
    means: {
      input: meanOf("hook_embed"),
      z: hookNames(model.config, "attn.hook_z").map(meanOf),
      mlp: hookNames(model.config, "hook_mlp_out").map(meanOf),
    },
  };
}
