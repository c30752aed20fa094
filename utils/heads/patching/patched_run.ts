/**
 * Runs patched copies of the clean prompts through whole blocks.
 *
 *  1. Add each group of copies (one copy per sender) at the first layer where it differs from the clean run, with its
 *     residual stream there.
 *  2. Run every group added so far through the block, layer by layer, with batch = senders × prompts at the positions of
 *     the span. Keys and values before the span come from the clean run. Each layer loads its weights once.
 *  3. Read the metric, and attention if requested, at the read-out position.
 */
import { readoutRows } from "../../tasks/mod.ts";
import {
  type HookedModel,
  hookName,
  type Past,
  type Patch,
  type Readout,
} from "../../model/mod.ts";
import { type F32, repeatRows, sliceRows, sliceWithinRows, tensor } from "../../onnx/mod.ts";
import { type CleanBatch, type CleanRun, lastRow } from "./clean_run.ts";
import type { Head } from "../head.ts";

/** Describes copies of the prompts that enter at layer `from`. */
export interface PatchedGroup {
  /** first block that the copies run through */
  from: number;
  /** number of copies */
  size: number;
  /** returns the residual stream of the copies of a batch before block `from`, `[size · prompts, pos, d]` */
  start(batch: CleanBatch): F32 | Promise<F32>;
  /** returns the patches of a block for the copies of a batch */
  patches?(layer: number, batch: CleanBatch): Patch[];
  /** receives the metric of each copy and prompt, `[size · prompts]` */
  finish(batch: CleanBatch, values: Float32Array): void;
  /** receives attention at the read-out, `[size · prompts, H, keys]`, for the layers in `watch` */
  attention?(layer: number, batch: CleanBatch, rows: F32): void;
}

/**
 * Runs the groups to the last block and hands each its metric.
 * @param watch layers whose attention is read
 */
export async function runPatched(
  model: HookedModel,
  clean: CleanRun,
  groups: readonly PatchedGroup[],
  readout: Readout,
  watch: ReadonlySet<number> = new Set(),
): Promise<void> {
  const { nLayers } = model.config;
  const streams = new Map<PatchedGroup, F32[]>();
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
        const pattern = hookName(layer, "attn.hook_pattern");
        const { residual, hooks } = await model.runBlocks(stream[b], {
          from: layer,
          to: layer + 1,
          past: past && shorten(past, layer, stream[b].shape[0]),
          patches: group.patches?.(layer, batch),
          read: watch.has(layer) ? [pattern] : [],
        });
        stream[b] = residual;
        const found = hooks.get(pattern);
        if (found) group.attention?.(layer, batch, lastRow(found));
      }
    }
  }
  for (const [group, stream] of streams) {
    for (const [b, batch] of clean.batches.entries()) {
      const { pos, prompts } = batch;
      const rows = Array.from({ length: group.size }, () => prompts).flat();
      const { values } = await model.readout({
        residual: stream[b],
        positions: rows.map(() => pos - 1),
        readout: readoutRows(readout, rows),
      });
      group.finish(batch, values.data);
    }
  }
}

/** Returns the metric of the clean prompts, `[prompts]`. */
export function cleanMetric(
  model: HookedModel,
  clean: CleanRun,
  readout: Readout,
): Promise<Float32Array> {
  const { data, shape } = clean.final;
  return readoutOfRows(model, clean, tensor(data, [1, ...shape]), readout);
}

/**
 * Returns the metric of final residual streams `[senders, rows, d]` at the rows of a clean run. The result is
 * `[senders, prompts]` in the order of the prompts.
 */
export async function readoutOfRows(
  model: HookedModel,
  clean: CleanRun,
  x: F32,
  readout: Readout,
): Promise<Float32Array> {
  const senders = x.shape[0], N = clean.prompts.length;
  const order = clean.batches.flatMap((batch) => batch.prompts);
  const all = Array.from({ length: senders }, () => order).flat();
  const { values } = await model.readout({
    residual: lastPositions(x, clean),
    positions: all.map(() => 0),
    readout: readoutRows(readout, all),
  });
  const out = new Float32Array(senders * N);
  values.data.forEach((value, i) => out[Math.floor(i / N) * N + all[i]] = value);
  return out;
}

/** Returns the read-out rows of `[senders, rows, d]` as `[senders · prompts, 1, d]`, in the order of the batches. */
function lastPositions(x: F32, { batches }: CleanRun): F32 {
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

/** Returns the rows of one batch of `[senders, rows, …]` as `[senders · prompts, pos, …]`. */
export function batchRows(x: F32, { prompts, pos, row }: CleanBatch): F32 {
  const [senders, , ...rest] = x.shape;
  const { data } = sliceWithinRows(x, row, row + prompts.length * pos);
  return tensor(data, [senders * prompts.length, pos, ...rest]);
}

/** Repeats a batch's rows of `[rows, …]` `copies` times, as `[copies · prompts, pos, …]`. */
export function copyRows(x: F32, batch: CleanBatch, copies: number): F32 {
  return repeatRows(batchRows(tensor(x.data, [1, ...x.shape]), batch), copies);
}

/** Returns the past of one layer, repeated for `copies` copies of the batch. */
function pastAt({ past }: CleanBatch, layer: number, copies: number): Past | undefined {
  if (!past) return undefined;
  const layers: Past["layers"] = [];
  const { k, v } = past.layers[layer];
  layers[layer] = { k: repeatRows(k, copies), v: repeatRows(v, copies) };
  return { length: past.length, layers };
}

/** Returns the first `count` items of a layer's past. */
function shorten(past: Past, layer: number, count: number): Past {
  const layers: Past["layers"] = [];
  const { k, v } = past.layers[layer];
  layers[layer] = { k: sliceRows(k, 0, count), v: sliceRows(v, 0, count) };
  return { length: past.length, layers };
}

/** Names the attention weights to record at the read-out. */
export interface WatchedAttention {
  /** heads to record */
  heads: readonly Head[];
  /** key positions to record for each prompt; every prompt has the same number */
  positions: readonly (readonly number[])[];
}

/** Collects watched attention. Every entry starts with the attention of the clean run. */
export class AttentionTable {
  /** attention weights, `[senders, heads, prompts, width]` */
  readonly values: Float32Array;
  /** number of key positions per prompt */
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

  /** Returns the layers of the watched heads. */
  get layers(): Set<number> {
    return new Set(this.watched.heads.map(([layer]) => layer));
  }

  /** Records the attention of a layer, `[places · prompts, H, keys]`, for the senders at `places`. */
  take(layer: number, batch: CleanBatch, rows: F32, places: readonly number[]): void {
    places.forEach((place, i) => this.#put(layer, batch, rows, i, place));
  }

  #put(layer: number, batch: CleanBatch, rows: F32, copy: number, sender: number): void {
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
