/**
 * Collects what a batch of prompt pairs needs once per checkpoint. Attribution and every circuit evaluation share it.
 *
 *  1. Compute the keys and values of the shared prefix.
 *  2. Run the clean and the corrupted suffixes in one batch: head values z, MLP outputs, residual streams, metrics.
 *  3. Choose the corrupted activations: those of the corrupted prompt (`patching`), zeros (`zero`), or a mean over a
 *     data set (`mean`, or `mean-positional` for one mean per position).
 *
 * Heads are stored as z `[batch, pos, H, d_head]`. Callers compute their residual-stream output z·W_O on demand.
 */
import { type F32, type Feeds, repeatRows, sliceRows, tensor } from "../../onnx/mod.ts";
import { type HookedModel, hookName, hookNames, type Past } from "../../model/mod.ts";
import { prefixPast, type PromptBatch } from "../../tasks/mod.ts";

/** The values that edges outside a circuit may carry; see step 3 of the header. */
export const INTERVENTIONS = ["patching", "zero", "mean", "mean-positional"] as const;
/** Names one of {@link INTERVENTIONS}. */
export type Intervention = (typeof INTERVENTIONS)[number];

/** hook point of what the norm after attention divides by */
const SCALE = "ln1_post.hook_scale";

/** Holds the output of every source in one run. */
export interface SourceOutputs {
  /** token embedding, `[N, P, d]` */
  input: F32;
  /** head values of each layer, `[N, P, H, d_head]` */
  z: F32[];
  /** MLP output of each layer, `[N, P, d]` */
  mlp: F32[];
  /**
   * what the norm after attention divides by in each layer, `[N, P, 1]`, in models that have this norm; under an intervention
   * with zeros or means, what the replacement is divided by
   */
  scale?: F32[];
}

/** Holds the activations of one batch of N prompt pairs at P suffix positions. */
export interface BatchActivations {
  /** the prompt pairs */
  batch: PromptBatch;
  /** keys and values of the shared prefix; absent when the batch shares none */
  past?: Past;
  /** source outputs on the clean prompts */
  clean: SourceOutputs;
  /** source outputs that the intervention substitutes, in the same shapes */
  corrupted: SourceOutputs;
  /** clean residual stream before each layer and after the last: L + 1 tensors `[N, P, d]` */
  residuals: F32[];
  /** clean residual stream between attention and MLP of each layer; empty in parallel models */
  mids: F32[];
  /** the same streams on the corrupted tokens */
  corruptedRun: { pre: F32[]; mid: F32[] };
  /** metric of the whole model on each clean prompt, `[N]` */
  cleanMetric: Float32Array;
  /** metric of the whole model on each corrupted prompt, `[N]` */
  corruptedMetric: Float32Array;
}

/** Holds mean activations over a data set. */
export interface MeanActivations {
  /** whether each position has its own mean */
  positional: boolean;
  /** number of positions that positional means cover */
  length: number;
  /** means as matrices `[1, width]`, or `[length, width]` when positional; width is d, H · d_head for z, or 1 for scale */
  means: SourceOutputs;
}

/** Returns a view of the first half of the rows (clean prompts) or of the second half (corrupted prompts). */
function half(t: F32, second: boolean): F32 {
  const n = t.shape[0] / 2;
  return second ? sliceRows(t, n, 2 * n) : sliceRows(t, 0, n);
}

/** Repeats a past for `times` copies of a batch, from layer `from` on. Earlier layers keep one copy. */
export function repeatPast(past: Past, times: number, from = 0): Past {
  return {
    length: past.length,
    layers: past.layers.map((layer, l) =>
      l < from ? layer : { k: repeatRows(layer.k, times), v: repeatRows(layer.v, times) }
    ),
  };
}

/** Returns the feed of what the norm after attention of a layer divides by in a run; none in models without this norm. */
export const scaleFeed = ({ scale }: SourceOutputs, layer: number): Feeds =>
  scale ? { corrupted_scale: scale[layer] } : {};

/**
 * Runs both prompts of every pair and collects their activations.
 * @throws Error if the batch shares a prefix that the intervention would change, or if the means do not fit.
 */
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
  const postNorm = model.config.llama?.postNorm ?? false;
  const points = ["hook_resid_pre", "attn.hook_z", "hook_mlp_out"];
  if (!model.config.parallel) points.push("hook_resid_mid");
  if (postNorm) points.push(SCALE);
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
    ...(postNorm && { scale: take(SCALE, second) }),
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
 * Returns zeros or data-set means in the shapes of `like`.
 * @throws Error if the means are missing, are of the other kind, or cover fewer positions than the prompts have.
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
  const fill = (t: F32, mean?: F32, constant = 0): F32 => {
    const data = new Float32Array(t.data.length).fill(constant);
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
    // A zero divided by infinity leaves no share of the bias either.
    ...(like.scale && { scale: like.scale.map((x, l) => fill(x, m?.scale?.[l], Infinity)) }),
  };
}

/**
 * Returns mean source outputs over whole prompts. Each mean is over all prompts and their real positions; a positional
 * mean is over the prompts that reach the position. The prompts are the data set of the intervention, usually the
 * corrupted prompts. Where a norm follows attention, the mean is that of a head's share z/σ: the returned z and scale are
 * mean(z/σ)/mean(1/σ) and 1/mean(1/σ).
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
    ...(model.config.llama?.postNorm ? hookNames(model.config, SCALE) : []),
  ];
  for (const prompt of prompts) {
    const { hooks } = await model.run([prompt], { read });
    if (model.config.llama?.postNorm) divideByScales(model, hooks);
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
  const z = hookNames(model.config, "attn.hook_z").map(meanOf);
  const scale = model.config.llama?.postNorm
    ? hookNames(model.config, SCALE).map((name, l) => {
      const inverse = meanOf(name);
      const width = z[l].shape[1];
      z[l] = tensor(z[l].data.map((x, i) => x / inverse.data[Math.floor(i / width)]), z[l].shape);
      return tensor(inverse.data.map((x) => 1 / x), inverse.shape);
    })
    : undefined;
  return {
    positional,
    length,
    means: {
      input: meanOf("hook_embed"),
      z,
      mlp: hookNames(model.config, "hook_mlp_out").map(meanOf),
      ...(scale && { scale }),
    },
  };
}

/** Replaces each layer's z by z/σ, and the scale σ of its norm after attention by 1/σ. */
function divideByScales({ config }: HookedModel, hooks: Map<string, F32>): void {
  for (let l = 0; l < config.nLayers; l++) {
    const [z, scale] = ["attn.hook_z", SCALE].map((point) => hooks.get(hookName(l, point))!);
    const width = config.nHeads * config.dHead;
    const share = z.data.map((x, i) => x / scale.data[Math.floor(i / width)]);
    hooks.set(hookName(l, "attn.hook_z"), tensor(share, z.shape));
    hooks.set(hookName(l, SCALE), tensor(scale.data.map((x) => 1 / x), scale.shape));
  }
}
