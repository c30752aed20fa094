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
import { type F32, repeatRows, sliceRows, tensor } from "../../onnx/mod.ts";
import { type HookedModel, hookName, hookNames, type Past } from "../../model/mod.ts";
import type { PromptBatch } from "../../tasks/mod.ts";
import { sourceDifferences } from "./source_differences.ts";
import { SCALE, type SourceOutputs } from "./source_outputs.ts";

/** The values that edges outside a circuit may carry; see step 3 of the header. */
export const INTERVENTIONS = ["patching", "zero", "mean", "mean-positional"] as const;
/** Names one of {@link INTERVENTIONS}. */
export type Intervention = (typeof INTERVENTIONS)[number];

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

/** Takes the place of an output that is not computed yet. */
const NOTHING: F32 = tensor(new Float32Array(0), [0]);

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
  checkIntervention(batch, intervention);
  return await activationsOf(model, batch, { intervention, means }, () => Promise.resolve());
}

/**
 * Returns activations as {@link batchActivations} does, and D. If weights are streamed, the prefix, both prompts and D go
 * through the layers together.
 * @throws Error as {@link batchActivations} does
 */
export async function activationsAndDifferences(
  model: HookedModel,
  batch: PromptBatch,
  intervention: Intervention = "patching",
  means?: MeanActivations,
): Promise<{ activations: BatchActivations; differences: F32 }> {
  checkIntervention(batch, intervention);
  let differences: F32 | undefined;
  const activations = await activationsOf(
    model,
    batch,
    { intervention, means },
    async (outputs) => {
      if (intervention === "patching") differences = await sourceDifferences(model, outputs);
    },
  );
  // zeros and means take the place of corrupted outputs when all clean ones are known
  differences ??= await sourceDifferences(model, activations);
  return { activations, differences };
}

function checkIntervention({ prefix }: PromptBatch, intervention: Intervention): void {
  if (intervention === "patching") return;
  if (prefix[0].length > 0) {
    throw new Error(
      `intervention "${intervention}" changes the shared prefix: batch without sharing it`,
    );
  }
}

/**
 * Runs the prefix, both prompts, and a task that follows them from layer to layer. Each needs of a layer only what the one
 * before it has computed there, so that they may share the weights.
 */
async function activationsOf(
  model: HookedModel,
  batch: PromptBatch,
  { intervention, means }: { intervention: Intervention; means?: MeanActivations },
  follow: (outputs: { clean: SourceOutputs; corrupted: SourceOutputs }) => Promise<void>,
): Promise<BatchActivations> {
  const { parallel } = model.config;
  const postNorm = model.config.llama?.postNorm ?? false;
  const points = ["hook_resid_pre", "attn.hook_z", "hook_mlp_out"];
  if (!parallel) points.push("hook_resid_mid");
  if (postNorm) points.push(SCALE);
  const sides = [false, true].map((second) => ({
    second,
    outputs: { input: NOTHING, z: [], mlp: [], ...(postNorm && { scale: [] }) } as SourceOutputs,
    streams: { pre: [] as F32[], mid: [] as F32[] },
  }));
  const collect = (l: number, hooks: ReadonlyMap<string, F32>) => {
    for (const { second, outputs, streams } of sides) {
      const take = (point: string) => half(hooks.get(hookName(l, point))!, second);
      if (l < 0) {
        outputs.input = half(hooks.get("hook_embed")!, second);
        continue;
      }
      outputs.z.push(take("attn.hook_z"));
      outputs.mlp.push(take("hook_mlp_out"));
      outputs.scale?.push(take(SCALE));
      streams.pre.push(take("hook_resid_pre"));
      if (!parallel) streams.mid.push(take("hook_resid_mid"));
    }
  };
  const shared = batch.prefix[0].length;
  const past: Past | undefined = shared === 0 ? undefined : { length: shared, layers: [] };
  const twice: Past | undefined = past && { length: shared, layers: [] };
  const runPrefix = async () => {
    if (!past || !twice) return;
    await model.run(batch.prefix, {
      keysValues: true,
      onLayer: (l, _, keysValues) => {
        if (l < 0) return;
        past.layers.push(keysValues!);
        const { k, v } = keysValues!;
        twice.layers.push({ k: repeatRows(k, 2), v: repeatRows(v, 2) });
      },
    });
  };
  let end: F32 | undefined;
  const runBoth = async () => {
    const { residual } = await model.run([...batch.clean, ...batch.corrupted], {
      read: ["hook_embed", ...points.flatMap((point) => hookNames(model.config, point))],
      past: twice,
      onLayer: collect,
    });
    end = residual;
  };
  const [clean, corrupted] = sides.map(({ outputs }) => outputs);
  await model.weights.together([runPrefix, runBoth, () => follow({ clean, corrupted })]);
  for (const { second, streams } of sides) streams.pre.push(half(end!, second));
  const positions = batch.clean.map(() => batch.position);
  const metric = async (second: boolean) => {
    const residual = half(end!, second);
    return (await model.readout({ residual, positions, readout: batch.readout })).values.data;
  };
  return {
    batch,
    past,
    clean,
    corrupted: intervention === "patching" ? corrupted : replaced(clean, intervention, means),
    residuals: sides[0].streams.pre,
    mids: sides[0].streams.mid,
    corruptedRun: sides[1].streams,
    cleanMetric: await metric(false),
    corruptedMetric: await metric(true),
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
