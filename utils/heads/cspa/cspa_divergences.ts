/**
 * Computes the divergences of all heads of a layer for CSPA. One graph computes what has head width. The vocabulary
 * follows slice by slice, each time for as many heads and documents as fit in a processor's cache.
 */
import type { HookedModel } from "../../model/hooked_model.ts";
import { weightFeeds } from "../../model/blocks/block_weights.ts";
import { type Feeds, type Tensor, tensor } from "../../onnx/mod.ts";
import {
  compileDivergences,
  compileLayer,
  compileOutputLogits,
  QUICK_LIMIT,
} from "./cspa_graphs.ts";
import type { CleanText } from "./cspa_text.ts";

/** Logits per run. */
const TILE = 2 ** 18;

/** Holds the mean divergences of a head over documents and positions, in nats. */
export interface HeadDivergences {
  /** KL(clean ‖ kept). */
  kept: number;
  /** KL(clean ‖ ablated). */
  ablated: number;
}

/**
 * Returns the divergences of every head of a layer.
 * @param feeds feeds of the layer graph (`compileLayer`), without weights
 */
export async function layerDivergences(
  model: HookedModel,
  layer: number,
  feeds: Feeds,
  { slices }: CleanText,
): Promise<HeadDivergences[]> {
  const { config, runtime, store } = model;
  const H = config.nHeads;
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
  const sums = {
    ablated: new Float64Array(H * D * T),
    kept: new Float64Array(H * D * T),
  };
  const places = tiles(H, D, T * slices[0].p.shape[1]).map((place) => ({
    ...place,
    shift: cut(heads.shift, place),
    coef: cut(heads.coef, place),
    drift: cut(heads.drift, place),
    drift_kept: cut(heads.driftKept, place),
  }));
  for (const slice of slices) {
    const { OU } = await toLogits.run({ W_O, W_U: slice.W_U });
    for (const { head, nHeads, doc, nDocs, ...feeds } of places) {
      const found = await divergences(model, {
        ...feeds,
        OU: rowsOf(OU, head, nHeads),
        p: docRows(slice.p, T, doc, nDocs),
        gram: docRows(slice.gram, T, doc, nDocs),
      });
      for (const name of ["ablated", "kept"] as const) {
        found[name].data.forEach((s, i) => {
          const h = Math.floor(i / (nDocs * T));
          sums[name][(h + head) * D * T + doc * T + i - h * nDocs * T] += s;
        });
      }
    }
  }
  return Array.from({ length: H }, (_, h) => ({
    ablated: meanDivergence(sums.ablated.subarray(h * D * T, (h + 1) * D * T)),
    kept: meanDivergence(sums.kept.subarray(h * D * T, (h + 1) * D * T)),
  }));
}

/** Averages log(1 + S) over rows. */
function meanDivergence(S: Float64Array): number {
  return S.reduce((sum, s) => sum + Math.log1p(s), 0) / S.length;
}

interface Place {
  head: number;
  nHeads: number;
  doc: number;
  nDocs: number;
}

/** Groups heads and documents into tiles of about {@link TILE} logits; a head has `size` logits per document. */
function tiles(H: number, D: number, size: number): Place[] {
  const heads = Math.min(H, Math.max(1, Math.floor(TILE / size)));
  const docs = Math.min(D, Math.max(1, Math.floor(TILE / (size * heads))));
  const places: Place[] = [];
  for (let doc = 0; doc < D; doc += docs) {
    for (let head = 0; head < H; head += heads) {
      places.push({
        head,
        nHeads: Math.min(heads, H - head),
        doc,
        nDocs: Math.min(docs, D - doc),
      });
    }
  }
  return places;
}

/** Views entries `from … from+count−1` along the first axis. */
function rowsOf(t: Tensor<Float32Array>, from: number, count: number): Tensor<Float32Array> {
  const [, ...rest] = t.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  return tensor(t.data.subarray(from * size, (from + count) * size), [count, ...rest]);
}

/** Views documents of `[D·T, C]` as `[docs, T, C]`. */
function docRows(t: Tensor<Float32Array>, T: number, doc: number, nDocs: number) {
  const rows = rowsOf(t, doc * T, nDocs * T);
  return tensor(rows.data, [nDocs, T, rows.shape[1]]);
}

/** Copies heads and documents from a `[H, D, …]` tensor. */
function cut(t: Tensor<Float32Array>, { head, nHeads, doc, nDocs }: Place): Tensor<Float32Array> {
  const [, D, ...rest] = t.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const data = new Float32Array(nHeads * nDocs * size);
  for (let h = 0; h < nHeads; h++) {
    const from = ((head + h) * D + doc) * size;
    data.set(t.data.subarray(from, from + nDocs * size), h * nDocs * size);
  }
  return tensor(data, [nHeads, nDocs, ...rest]);
}

/** Returns S of the ablation and S with copy suppression kept, in the quick form if it is precise enough. */
async function divergences({ config, runtime }: HookedModel, feeds: Feeds) {
  const compiled = (form: "quick" | "exact") =>
    runtime.compiled(
      `cspa divergences ${JSON.stringify([config, form])}`,
      (o) => compileDivergences(config, form, o),
    );
  const quick = await (await compiled("quick")).run(feeds);
  if (quick.largest.data.every((y) => 2 * y <= QUICK_LIMIT)) return quick;
  return (await compiled("exact")).run(feeds);
}
