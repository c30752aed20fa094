/**
 * Computes the divergences of all heads of a layer for CSPA. One graph computes what has head width. The vocabulary
 * follows slice by slice, each time for as many heads and documents as fit in a processor's cache.
 */
import type { HookedModel } from "../../model/mod.ts";
import {
  defineProgram,
  type Feeds,
  sliceRows,
  sliceWithinRows,
  type Tensor,
  tensor,
} from "../../onnx/mod.ts";
import {
  compileDivergences,
  compileLayer,
  compileOutputLogits,
  QUICK_LIMIT,
} from "./cspa_graphs.ts";
import type { CleanText } from "./cspa_text.ts";

const layerProgram = defineProgram("cspa layer", compileLayer);
const outputLogitsProgram = defineProgram("cspa output logits", compileOutputLogits);
const divergencesProgram = defineProgram("cspa divergences", compileDivergences);

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
  const { config, runtime } = model;
  const H = config.nHeads;
  const largestK = feeds.rank.shape[1];
  const toHeads = await layerProgram(runtime, config, largestK);
  const toLogits = await outputLogitsProgram(runtime, config);
  const weights = await model.weights.layerFeeds(layer);
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
        OU: sliceRows(OU, head, head + nHeads),
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

/** Views documents of `[D·T, C]` as `[docs, T, C]`. */
function docRows(t: Tensor<Float32Array>, T: number, doc: number, nDocs: number) {
  const rows = sliceRows(t, doc * T, (doc + nDocs) * T);
  return tensor(rows.data, [nDocs, T, rows.shape[1]]);
}

/** Returns some heads and documents out of a `[H, D, …]` tensor. */
function cut(t: Tensor<Float32Array>, { head, nHeads, doc, nDocs }: Place): Tensor<Float32Array> {
  return sliceWithinRows(sliceRows(t, head, head + nHeads), doc, doc + nDocs);
}

/** Returns S of the ablation and S with copy suppression kept, in the quick form if it is precise enough. */
async function divergences({ config, runtime }: HookedModel, feeds: Feeds) {
  const quick = await (await divergencesProgram(runtime, config, "quick")).run(feeds);
  if (quick.largest.data.every((y) => 2 * y <= QUICK_LIMIT)) return quick;
  return (await divergencesProgram(runtime, config, "exact")).run(feeds);
}
