/**
 * Patched copies of the clean prompts, run through whole blocks.
 *
 *  1. A group of copies, one per sender, joins at the layer where it first differs from the clean run, with the
 *     residual stream it has there.
 *  2. Layer after layer every group that has joined runs through the block: batch = senders × prompts, positions of the
 *     span only, keys and values before the span from the clean run. Weights are needed once per layer.
 *  3. The metric, and attention where asked for, is read at the read-out position.
 */
import { readoutRows } from "../../tasks/prompt_batches.ts";
import type { Readout } from "../../model/blocks/embedding.ts";
import type { HookedModel } from "../../model/hooked_model.ts";
import type { LayerPatch, Past } from "../../model/run/layer_runner.ts";
import { tensor } from "../../onnx/mod.ts";
import { type CleanBatch, type CleanRun, type Floats, lastRow } from "./clean_run.ts";
import type { Head } from "../head.ts";

/** Copies of the prompts that enter at layer `from`. */
export interface PatchedGroup {
  from: number;
  /** number of copies */
  size: number;
  /** residual stream of the copies of a batch before block `from`, `[size · prompts, pos, d]` */
  start(batch: CleanBatch): Floats | Promise<Floats>;
  /** hook points given in a block, for the copies of a batch */
  patches?(layer: number, batch: CleanBatch): LayerPatch[];
  /** told the metric of each copy and prompt, `[size · prompts]` */
  finish(batch: CleanBatch, values: Float32Array): void;
  /** told attention at the read-out `[size · prompts, H, keys]` of the layers in `watch` */
  attention?(layer: number, batch: CleanBatch, rows: Floats): void;
}

/**
 * Runs the groups to the end.
 * @param watch layers whose attention is wanted
 */
export async function runPatched(
  model: HookedModel,
  clean: CleanRun,
  groups: readonly PatchedGroup[],
  readout: Readout,
  watch: ReadonlySet<number> = new Set(),
): Promise<void> {
  const { nLayers } = model.config;
  const streams = new Map<PatchedGroup, Floats[]>();
  const largest = Math.max(0, ...groups.map((g) => g.size));
  for (let layer = Math.min(nLayers, ...groups.map((g) => g.from)); layer < nLayers; layer++) {
    for (const group of groups) {
      if (group.from === layer) {
        streams.set(group, await Promise.all(clean.batches.map((b) => group.start(b))));
      }
    }
    for (const [b, batch] of clean.batches.entries()) {
      const past = pastAt(batch, layer, largest);
      for (const [group, stream] of streams) {
        const { residual, hooks } = await model.layers.run(stream[b], {
          from: layer,
          to: layer + 1,
          past: past && shorten(past, layer, stream[b].shape[0]),
          patches: new Map([[layer, group.patches?.(layer, batch) ?? []]]),
          read: new Map(watch.has(layer) ? [[layer, ["attn.hook_pattern"]]] : []),
        });
        stream[b] = residual;
        const pattern = hooks.get(`blocks.${layer}.attn.hook_pattern`);
        if (pattern) group.attention?.(layer, batch, lastRow(pattern));
      }
    }
  }
  for (const [group, stream] of streams) {
    for (const [b, batch] of clean.batches.entries()) {
      const { pos, prompts } = batch;
      const rows = Array.from({ length: group.size }, () => prompts).flat();
      const { values } = await model.readout(
        stream[b],
        rows.map(() => pos - 1),
        readoutRows(readout, rows),
        pos,
        false,
      );
      group.finish(batch, values.data);
    }
  }
}

/** Metric of the clean prompts themselves, `[prompts]`. */
export function cleanMetric(
  model: HookedModel,
  clean: CleanRun,
  readout: Readout,
): Promise<Float32Array> {
  const { data, shape } = clean.final;
  return readoutOfRows(model, clean, tensor(data, [1, ...shape]), readout);
}

/**
 * The metric of final residual streams `[senders, rows, d]` over the rows of a clean run, `[senders, prompts]` in the
 * order of the prompts.
 */
export async function readoutOfRows(
  model: HookedModel,
  clean: CleanRun,
  x: Floats,
  readout: Readout,
): Promise<Float32Array> {
  const senders = x.shape[0], N = clean.prompts.length;
  const order = clean.batches.flatMap((batch) => batch.prompts);
  const all = Array.from({ length: senders }, () => order).flat();
  const last = lastPositions(x, clean);
  const { values } = await model.readout(
    last,
    all.map(() => 0),
    readoutRows(readout, all),
    1,
    false,
  );
  const out = new Float32Array(senders * N);
  values.data.forEach((value, i) => out[Math.floor(i / N) * N + all[i]] = value);
  return out;
}

/** The read-out rows of `[senders, rows, d]`, as `[senders · prompts, 1, d]` in the order of the batches. */
function lastPositions(x: Floats, { batches }: CleanRun): Floats {
  const [senders, rows, d] = x.shape;
  const last = batches.flatMap(({ prompts, pos, row }) =>
    prompts.map((_, i) => row + (i + 1) * pos - 1)
  );
  if (last.length === rows) return tensor(x.data, [senders * rows, 1, d]);
  const data = new Float32Array(senders * last.length * d);
  for (let s = 0; s < senders; s++) {
    last.forEach((row, i) => {
      const from = (s * rows + row) * d;
      data.set(x.data.subarray(from, from + d), (s * last.length + i) * d);
    });
  }
  return tensor(data, [senders * last.length, 1, d]);
}

/** Rows of one batch out of `[senders, rows, …]`, as `[senders · prompts, pos, …]`. */
export function batchRows(x: Floats, { prompts, pos, row }: CleanBatch): Floats {
  const [senders, rows, ...rest] = x.shape;
  const width = rest.reduce((a, b) => a * b, 1);
  const size = prompts.length * pos * width;
  const data = new Float32Array(senders * size);
  for (let s = 0; s < senders; s++) {
    const from = (s * rows + row) * width;
    data.set(x.data.subarray(from, from + size), s * size);
  }
  return tensor(data, [senders * prompts.length, pos, ...rest]);
}

/** `copies` copies of a batch's rows out of `[rows, …]`, as `[copies · prompts, pos, …]`. */
export function copyRows(x: Floats, batch: CleanBatch, copies: number): Floats {
  return repeat(batchRows(tensor(x.data, [1, ...x.shape]), batch), copies);
}

function repeat(x: Floats, copies: number): Floats {
  const data = new Float32Array(copies * x.data.length);
  for (let c = 0; c < copies; c++) data.set(x.data, c * x.data.length);
  return tensor(data, [copies * x.shape[0], ...x.shape.slice(1)]);
}

function pastAt({ past }: CleanBatch, layer: number, copies: number): Past | undefined {
  if (!past) return undefined;
  const layers: Past["layers"] = [];
  const { k, v } = past.layers[layer];
  layers[layer] = { k: repeat(k, copies), v: repeat(v, copies) };
  return { length: past.length, layers };
}

/** The first `count` items of a past. */
function shorten(past: Past, layer: number, count: number): Past {
  const cut = (x: Floats): Floats => {
    const [, ...rest] = x.shape;
    return tensor(x.data.subarray(0, count * rest.reduce((a, b) => a * b, 1)), [count, ...rest]);
  };
  const layers: Past["layers"] = [];
  layers[layer] = { k: cut(past.layers[layer].k), v: cut(past.layers[layer].v) };
  return { length: past.length, layers };
}

/** Attention of watched heads at the read-out: `[senders, heads, prompts, keys wanted]`. */
export interface WatchedAttention {
  heads: readonly Head[];
  /** key positions wanted of each prompt, equally many */
  positions: readonly (readonly number[])[];
}

/** Where watched attention is collected; begins with that of the clean run. */
export class AttentionTable {
  readonly values: Float32Array;
  readonly width: number;

  constructor(readonly watched: WatchedAttention, clean: CleanRun, readonly senders: number) {
    this.width = watched.positions[0]?.length ?? 0;
    const { heads, positions } = watched;
    this.values = new Float32Array(senders * heads.length * positions.length * this.width);
    for (const batch of clean.batches) {
      batch.attention.forEach((rows, layer) => {
        for (let s = 0; s < senders; s++) this.#put(layer, batch, rows, 0, s);
      });
    }
  }

  /** Layers to watch. */
  get layers(): Set<number> {
    return new Set(this.watched.heads.map(([layer]) => layer));
  }

  /** Takes the attention of a layer, `[places · prompts, H, keys]`, of the senders at `places`. */
  take(layer: number, batch: CleanBatch, rows: Floats, places: readonly number[]): void {
    places.forEach((place, i) => this.#put(layer, batch, rows, i, place));
  }

  #put(layer: number, batch: CleanBatch, rows: Floats, copy: number, sender: number): void {
    const { heads, positions } = this.watched;
    const [, H, keys] = rows.shape;
    heads.forEach(([l, h], i) => {
      if (l !== layer) return;
      batch.prompts.forEach((n, b) => {
        const at = ((copy * batch.prompts.length + b) * H + h) * keys;
        const to = ((sender * heads.length + i) * positions.length + n) * this.width;
        positions[n].forEach((key, j) => this.values[to + j] = rows.data[at + key]);
      });
    });
  }
}
