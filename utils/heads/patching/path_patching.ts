/**
 * Path patching: what one head says to later components directly, all other heads kept as they were.
 *
 * For a sender head s and receivers R (Wang et al. 2022; the variant in which paths may pass through MLPs):
 *
 *  1. On the clean prompts, every head's output z is frozen to its clean value, except the sender's, which takes its
 *     value from the corrupted prompt. MLPs and LayerNorms are recomputed. Keep what the receivers then read.
 *  2. On the clean prompts, nothing frozen, the receivers take what was kept. Read the metric.
 *
 * With all heads frozen no attention is computed and positions do not interact (`frozen_block.ts`), so step 1
 * starts after the sender's layer, is a handful of MLPs on the rows that count, and ends at the last receiver. Where
 * the receiver is the final residual stream, it ends at the unembedding, the read-out position is the only row that
 * counts, and there is no step 2. Step 2 starts at the first receiver after the sender (`patched_run.ts`). Both run
 * all senders of a layer as one batch.
 */
import type { Letter } from "../../names/mod.ts";
import { type HookedModel, hookName, type Patch, type Readout } from "../../model/mod.ts";
import { type F32, tensor } from "../../onnx/mod.ts";
import type { CleanBatch, CleanRun } from "./clean_run.ts";
import { FrozenBlocks } from "./frozen_block.ts";
import {
  AttentionTable,
  batchRows,
  cleanMetric,
  copyRows,
  type PatchedGroup,
  readoutOfRows,
  runPatched,
  type WatchedAttention,
} from "./patched_run.ts";
import { allHeads, checkHeads, type Head } from "../head.ts";
import { type SenderGroup, senderGroups } from "./sender_groups.ts";

/** The final residual stream, or queries, keys or values of heads (before rotation). */
export type Receivers = "final" | { letter: Letter; heads: readonly Head[] };

export interface PathPatchOptions {
  /** default: all heads, in `[L, H]` order */
  senders?: readonly Head[];
  /** heads whose attention at the read-out is wanted */
  watch?: WatchedAttention;
}

export interface PathPatchResult {
  /** metric of each sender's patched run, `[senders, prompts]` */
  values: Float32Array;
  /** `[senders, watched heads, prompts, positions]`, where asked for */
  attention?: Float32Array;
}

/**
 * Patches the path from each sender to the receivers, over the span of the clean run.
 * @param given heads' outputs that senders take, per layer `[rows, H, d_head]` (`corruptedHeads`)
 * @param readout one row per prompt
 * @throws Error when there is no receiver, RangeError when a head does not exist.
 */
export async function pathPatch(
  model: HookedModel,
  clean: CleanRun,
  given: readonly F32[],
  receivers: Receivers,
  readout: Readout,
  { senders = allHeads(model.config), watch }: PathPatchOptions = {},
): Promise<PathPatchResult> {
  const groups = senderGroups(senders, model.config);
  const N = clean.prompts.length;
  const values = new Float32Array(senders.length * N);
  const put = (places: readonly number[], patched: Float32Array) =>
    places.forEach((place, s) => values.set(patched.subarray(s * N, (s + 1) * N), place * N));

  if (receivers === "final") {
    for (const { group, x } of await frozenRun(model, clean, given, groups, () => {})) {
      put(group.places, await readoutOfRows(model, clean, x, readout));
    }
    const table = watch && new AttentionTable(watch, clean, senders.length);
    return { values, attention: table?.values };
  }

  checkHeads(receivers.heads, model.config);
  if (receivers.heads.length === 0) throw new Error("path patching needs at least one receiver");
  const baseline = await cleanMetric(model, clean, readout);
  senders.forEach((_, place) => values.set(baseline, place * N));
  const table = watch && new AttentionTable(watch, clean, senders.length);
  const received = await receive(model, clean, given, groups, receivers);
  const { letter } = receivers;
  const patched = groups.flatMap((group): PatchedGroup[] => {
    const from = receiverLayers(receivers.heads).find((layer) => layer > group.layer);
    if (from === undefined) return [];
    const size = group.heads.length;
    return [{
      from,
      size,
      start: (batch) => copyRows(clean.layers[from].x, batch, size),
      patches: (layer, batch) => {
        const value = received.get(layer)?.get(group);
        return value ? [headPatch(layer, batch, value, letter, receivers.heads)] : [];
      },
      attention: (layer, batch, rows) => table?.take(layer, batch, rows, group.places),
      finish: ({ prompts }, metric) =>
        metric.forEach((value, i) => {
          const place = group.places[Math.floor(i / prompts.length)];
          values[place * N + prompts[i % prompts.length]] = value;
        }),
    }];
  });
  await runPatched(model, clean, patched, readout, table?.layers);
  return { values, attention: table?.values };
}

/** Step 1 up to the last receiver: what its receivers read, per receiver layer and group `[senders, rows, H, d_head]`. */
async function receive(
  model: HookedModel,
  clean: CleanRun,
  given: readonly F32[],
  groups: readonly SenderGroup[],
  { letter, heads }: Exclude<Receivers, "final">,
) {
  const layers = receiverLayers(heads);
  const blocks = new FrozenBlocks(model);
  const received = new Map<number, Map<SenderGroup, F32>>();
  await frozenRun(model, clean, given, groups, async (layer, streams) => {
    if (!layers.includes(layer)) return;
    const found = new Map<SenderGroup, F32>();
    for (const { group, x } of streams) found.set(group, await blocks.project(layer, x, letter));
    received.set(layer, found);
  }, layers.at(-1)!);
  return received;
}

interface Stream {
  group: SenderGroup;
  /** `[senders, rows, d]` */
  x: F32;
}

/** Step 1: the residual streams of all senders before block `to`; `visit` is shown those before each block. */
async function frozenRun(
  model: HookedModel,
  clean: CleanRun,
  given: readonly F32[],
  groups: readonly SenderGroup[],
  visit: (layer: number, streams: readonly Stream[]) => Promise<void> | void,
  to = model.config.nLayers,
): Promise<Stream[]> {
  const blocks = new FrozenBlocks(model);
  const streams: Stream[] = [];
  for (let layer = 0; layer < to; layer++) {
    await visit(layer, streams);
    for (const stream of streams) {
      stream.x = await blocks.frozen(layer, stream.x, clean.layers[layer].attention);
    }
    const group = groups.find((g) => g.layer === layer);
    if (group) {
      const x = await blocks.patched(layer, clean.layers[layer], given[layer], group.heads);
      streams.push({ group, x });
    }
  }
  await visit(to, streams);
  return streams;
}

const receiverLayers = (heads: readonly Head[]): number[] =>
  [...new Set(heads.map(([layer]) => layer))].sort((a, b) => a - b);

/** The receivers of one layer take `value`, at every position of the span. */
function headPatch(
  layer: number,
  batch: CleanBatch,
  value: F32,
  letter: Letter,
  heads: readonly Head[],
): Patch {
  const rows = batchRows(value, batch);
  const [items, pos, H] = rows.shape;
  const row = new Uint8Array(H);
  for (const [l, h] of heads) if (l === layer) row[h] = 1;
  const mask = new Uint8Array(items * pos * H);
  for (let i = 0; i < items * pos; i++) mask.set(row, i * H);
  return {
    hook: hookName(layer, `attn.hook_${letter}`),
    value: rows,
    mask: tensor(mask, [items, pos, H, 1]),
  };
}
