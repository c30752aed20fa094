/**
 * The divergences of all heads of a layer (CSPA): one graph for what has head width, then the part over the vocabulary
 * for as many heads and documents at once as fit in a processor's cache.
 */
import type { HookedModel } from "../model/hooked_model.ts";
import { weightFeeds } from "../model/stack.ts";
import type { WeightUnit } from "../model/weight_source.ts";
import { type Feeds, type Tensor, tensor } from "../onnx/mod.ts";
import { compileDivergences, compileLayer, compileOutputLogits } from "./cspa_graphs.ts";

/** What all heads share of some of the evaluated documents. */
export interface DocBatch {
  /** first document */
  from: number;
  docs: number;
  p: Tensor<Float32Array>;
  gram: Tensor<Float32Array>;
}

/** Mean divergences of every head of a layer over documents and positions. */
export async function layerDivergences(
  model: HookedModel,
  layer: number,
  feeds: Feeds,
  batches: readonly DocBatch[],
  unembed: WeightUnit,
  logitBytes: number,
): Promise<{ kept: number; ablated: number }[]> {
  const { config, runtime, store } = model;
  const { nHeads: H, dHead: e, dModel: d } = config;
  const largestK = feeds.rank.shape[1];
  const toHeads = await runtime.compiled(
    `cspa layer ${JSON.stringify([config, largestK])}`,
    (o) => compileLayer(config, largestK, o),
  );
  const toLogits = await runtime.compiled(
    `cspa output logits ${JSON.stringify(config)}`,
    (o) => compileOutputLogits(config, o),
  );
  const weights = weightFeeds(0, await store.get(String(layer)));
  const { W_O, ...heads } = await toHeads.run({ ...feeds, ...weights });
  const [D, T] = feeds.scale.shape;
  const size = Math.max(1, Math.floor(logitBytes / (4 * batches[0].docs * T * config.vocabSize)));
  const totals: { kept: number; ablated: number }[] = [];
  for (let h = 0; h < H; h += size) {
    const n = Math.min(size, H - h);
    const { OU } = await toLogits.run({
      ...unembed,
      W_O: tensor(W_O.data.subarray(h * e * d, (h + n) * e * d), [n, e, d]),
    });
    const group = Array.from({ length: n }, () => ({ kept: 0, ablated: 0 }));
    for (const batch of batches) {
      const part = {
        OU,
        p: batch.p,
        gram: batch.gram,
        shift: headsAndDocs(heads.shift, h, n, batch),
        coef: headsAndDocs(heads.coef, h, n, batch),
        drift: headsAndDocs(heads.drift, h, n, batch),
        drift_kept: headsAndDocs(heads.driftKept, h, n, batch),
      };
      const found = await divergences(model, part);
      const rows = batch.docs * T;
      for (let i = 0; i < n; i++) {
        for (const name of ["kept", "ablated"] as const) {
          const list = found[name].subarray(i * rows, (i + 1) * rows);
          group[i][name] += list.reduce((a, b) => a + b, 0) / (D * T);
        }
      }
    }
    totals.push(...group);
  }
  return totals;
}

/** Heads `h … h+n−1` and the documents of a batch out of a `[H, D, …]` tensor. */
function headsAndDocs(t: Tensor<Float32Array>, h: number, n: number, { from, docs }: DocBatch) {
  const [, D, ...rest] = t.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const head = (i: number) => t.data.subarray((i * D + from) * size, (i * D + from + docs) * size);
  if (n === 1) return tensor(head(h), [1, docs, ...rest]);
  const data = new Float32Array(n * docs * size);
  for (let i = 0; i < n; i++) data.set(head(h + i), i * docs * size);
  return tensor(data, [n, docs, ...rest]);
}

/** KL per head, document and position, in nats. */
async function divergences(model: HookedModel, feeds: Feeds) {
  const { config, runtime } = model;
  const session = (shifted: boolean) =>
    runtime.compiled(
      `cspa divergences ${JSON.stringify([config, shifted])}`,
      (o) => compileDivergences(config, shifted, o),
    );
  const { kept, ablated } = await (await session(false)).run(feeds);
  const finite = [kept, ablated].every(({ data }) => data.every(Number.isFinite));
  if (finite) {
    return {
      kept: Float64Array.from(kept.data, Math.log1p),
      ablated: Float64Array.from(ablated.data, Math.log1p),
    };
  }
  const exact = await (await session(true)).run(feeds);
  return {
    kept: Float64Array.from(exact.kept.data),
    ablated: Float64Array.from(exact.ablated.data),
  };
}
