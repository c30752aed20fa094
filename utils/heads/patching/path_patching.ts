/**
 * Patches paths: measures what one head writes directly to later components while all other heads keep their outputs.
 *
 * For a sender head s and receivers R (Wang et al. 2022; the variant in which paths may pass through MLPs):
 *
 *  1. Run the clean prompts with the output z of every head frozen to its clean value. Only the sender takes its value
 *     from the corrupted prompt. Recompute MLPs and LayerNorms. Keep what the receivers read.
 *  2. Run the clean prompts with nothing frozen. Patch the receivers with the kept values and read the metric.
 *
 * With all heads frozen, step 1 needs no attention and positions do not interact (`frozen_block.ts`). It starts after the
 * sender's layer, runs only MLPs on the rows of the span, and ends at the last receiver. When the receiver is the final
 * residual stream, step 1 ends at the unembedding, only the read-out row counts, and step 2 is skipped. Where query heads share
 * keys and values, a receiver computes its own from its own copy of the residual stream. Step 2 starts
 * at the first receiver after the sender (`patched_run.ts`). Both steps run all senders of a layer as one batch.
 */
import type { Letter } from "../../names/mod.ts";
import {
  groupSize,
  type HookedModel,
  hookName,
  type ModelConfig,
  type Patch,
  type Readout,
} from "../../model/mod.ts";
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

/** Names the receivers: the final residual stream, or queries, keys or values of heads (before rotation). */
export type Receivers = "final" | { letter: Letter; heads: readonly Head[] };
/** Queries, keys or values of heads. */
type HeadReceivers = Exclude<Receivers, "final">;

/** Sets the senders of {@link pathPatch} and the attention to record. */
export interface PathPatchOptions {
  /** heads that send; default: all heads, in `[L, H]` order */
  senders?: readonly Head[];
  /** attention to record at the read-out */
  watch?: WatchedAttention;
}

/** Holds the results of {@link pathPatch}, in the order of the senders. */
export interface PathPatchResult {
  /** metric of each sender's patched run, `[senders, prompts]` */
  values: Float32Array;
  /** watched attention, `[senders, watched heads, prompts, positions]`; set if requested */
  attention?: Float32Array;
}

/**
 * Patches the path from each sender to the receivers, over the span of the clean run.
 * @param given outputs that the senders take, per layer `[rows, H, d_head]` (`corruptedHeads`)
 * @param readout one row per prompt
 * @throws Error when there is no receiver, RangeError when a head does not exist.
 * @example How does each head's output of the corrupted prompt, sent straight to the logits, change the logit difference?
 * ```ts
 * import { cleanRun, corruptedHeads, pathPatch } from "../mod.ts";
 * import { HookedModel } from "../../model/mod.ts";
 * import { loadTask, readoutOf } from "../../tasks/mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const task = await loadTask("ioi", model.tokenizer, { n: 4 });
 * const clean = await cleanRun(model, task.prompts);
 * const corrupted = await corruptedHeads(model, clean);
 * const { values } = await pathPatch(model, clean, corrupted, "final", readoutOf(task));
 * assertEquals(values.length, model.config.nLayers * model.config.nHeads * 4);
 * ```
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
        if (!value) return [];
        const shared = isShared(model.config, receivers.letter);
        const patch = shared ? inputPatch : headPatch;
        return [patch(layer, batch, value, receivers, model.config)];
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

/** Returns whether query heads share the keys or values that a letter names. */
const isShared = (config: ModelConfig, letter: Letter): boolean =>
  letter !== "q" && groupSize(config) > 1;

/**
 * Runs step 1 to the last receiver. Returns what receivers read, per layer and group `[senders, rows, H, d_head]`; the residual
 * stream itself, `[senders, rows, d]`, where the keys or values are shared.
 */
async function receive(
  model: HookedModel,
  clean: CleanRun,
  given: readonly F32[],
  groups: readonly SenderGroup[],
  { letter, heads }: HeadReceivers,
) {
  const layers = receiverLayers(heads);
  const blocks = new FrozenBlocks(model);
  const received = new Map<number, Map<SenderGroup, F32>>();
  await frozenRun(model, clean, given, groups, async (layer, streams) => {
    if (!layers.includes(layer)) return;
    const found = new Map<SenderGroup, F32>();
    for (const { group, x } of streams) {
      found.set(group, isShared(model.config, letter) ? x : await blocks.project(layer, x, letter));
    }
    received.set(layer, found);
  }, layers.at(-1)!);
  return received;
}

/** Holds the residual streams of one group of senders. */
interface Stream {
  group: SenderGroup;
  /** residual streams, `[senders, rows, d]` */
  x: F32;
}

/** Runs step 1: returns the residual streams of all senders before block `to`. Calls `visit` before each block. */
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
      stream.x = await blocks.frozen(layer, stream.x, clean.layers[layer]);
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

/** Returns the patch that sets the receivers of one layer to `value` at every position of the span. */
function headPatch(
  layer: number,
  batch: CleanBatch,
  value: F32,
  { letter, heads }: HeadReceivers,
  { nHeads }: ModelConfig,
): Patch {
  const rows = batchRows(value, batch);
  const [items, pos] = rows.shape;
  return {
    hook: hookName(layer, `attn.hook_${letter}`),
    value: rows,
    mask: headMask(layer, heads, items, pos, nHeads),
  };
}

/**
 * Returns the patch that sets what the receivers of one layer compute their own keys or values from. Query heads share keys and
 * values here, so each receiver gets its own copy of the residual stream, and the other heads of its group keep theirs.
 */
function inputPatch(
  layer: number,
  batch: CleanBatch,
  value: F32,
  { letter, heads }: HeadReceivers,
  { nHeads: H }: ModelConfig,
): Patch {
  const { data, shape: [items, pos, d] } = batchRows(value, batch);
  const copies = new Float32Array(items * pos * H * d);
  for (let i = 0; i < items * pos; i++) {
    const row = data.subarray(i * d, (i + 1) * d);
    for (const [l, h] of heads) if (l === layer) copies.set(row, (i * H + h) * d);
  }
  return {
    hook: hookName(layer, `hook_${letter}_input`),
    value: tensor(copies, [items, pos, H, d]),
    mask: headMask(layer, heads, items, pos, H),
  };
}

/** Returns `[items, pos, H, 1]`: 1 at the receivers of a layer, else 0. */
function headMask(layer: number, heads: readonly Head[], items: number, pos: number, H: number) {
  const row = new Uint8Array(H);
  for (const [l, h] of heads) if (l === layer) row[h] = 1;
  const mask = new Uint8Array(items * pos * H);
  for (let i = 0; i < items * pos; i++) mask.set(row, i * H);
  return tensor(mask, [items, pos, H, 1]);
}
