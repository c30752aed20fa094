/**
 * Plans what attribution and evaluation hold in memory, in bytes instead of prompts or tokens.
 *
 *   batch    D, the activations of both prompts, and keys and values of the prefix
 *   pass     the residual stream before every layer, kept from the forward to the backward pass
 *
 * If all weights are in memory, batches and passes follow each other and only have to be small enough one by one. If weights
 * are read again and again, as many batches and passes as possible share one reading. The memory for them is taken from the
 * budget of the weights, because a pinned layer saves one layer per reading, and sharing saves whole readings.
 */
import type { HookedModel, ModelConfig } from "../../model/mod.ts";
import { batchRows, type PromptBatch } from "../../tasks/mod.ts";
import { circuitShape, nForward } from "../graph/mod.ts";

/** Bytes that an attribution may hold beside the weights without taking them from the weights' budget. */
export const FREE_BYTES = 256e6;
/** Bytes that one batch may hold. */
const BATCH_BYTES = 384e6;
/** Share of the memory that passes may have; batches have the rest. */
const PASS_SHARE = 1 / 3;

/** Returns the bytes that a batch holds. */
export function batchBytes(config: ModelConfig, { clean, prefix }: PromptBatch): number {
  const { nLayers, dModel } = config;
  const sources = nForward(circuitShape(config));
  const streams = nLayers * (config.parallel ? 3 : 4) + 2;
  const perPrompt = clean[0].length * (sources + 2 * streams) + 2 * nLayers * prefix[0].length;
  return 4 * clean.length * perPrompt * dModel;
}

/** Returns the bytes of a batch that evaluation keeps: the corrupted run, and keys and values of the prefix. */
export function keptBytes(config: ModelConfig, { clean, prefix }: PromptBatch): number {
  const { nLayers, dModel } = config;
  const streams = nLayers * (config.parallel ? 3 : 4) + 3;
  return 4 * clean.length * dModel * (clean[0].length * streams + 2 * nLayers * prefix[0].length);
}

/** Returns the bytes that the passes of a batch hold together, if each prompt runs at `points` path points. */
export function pathBytes(config: ModelConfig, { clean }: PromptBatch, points: number): number {
  return 4 * clean.length * points * clean[0].length * config.dModel * (config.nLayers + 2);
}

/** Returns the batches, cut where one would hold too much memory. */
export function boundedBatches(
  config: ModelConfig,
  batches: readonly PromptBatch[],
  limit = BATCH_BYTES,
): PromptBatch[] {
  return batches.flatMap((batch) => {
    const prompts = batch.indices.map((_, n) => n);
    const size = Math.max(1, Math.floor(prompts.length * limit / batchBytes(config, batch)));
    if (size >= prompts.length) return [batch];
    const parts = Math.ceil(prompts.length / size);
    return Array.from({ length: parts }, (_, i) =>
      batchRows(
        batch,
        prompts.slice(
          Math.round(i * prompts.length / parts),
          Math.round((i + 1) * prompts.length / parts),
        ),
      ));
  });
}

/** Packs items in order into groups of at most `limit` bytes; a group has at least one item. */
export function packed<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  limit: number,
): T[][] {
  const groups: T[][] = [];
  let room = -1;
  for (const item of items) {
    const bytes = bytesOf(item);
    if (groups.length > 0 && bytes <= room) groups.at(-1)!.push(item);
    else [room] = [limit, groups.push([item])];
    room -= bytes;
  }
  return groups;
}

/**
 * Runs `task` on groups of batches, with the bytes that their passes may hold together. Cuts batches that hold too much.
 * @param points path points of each prompt
 */
export async function inGroups(
  { config, weights }: HookedModel,
  batches: readonly PromptBatch[],
  points: number,
  task: (group: PromptBatch[], passBytes: number) => Promise<void>,
): Promise<void> {
  const bounded = boundedBatches(config, batches);
  if (weights.allInMemory) {
    for (const batch of bounded) await task([batch], 0);
    return;
  }
  const sum = (bytesOf: (batch: PromptBatch) => number) =>
    bounded.reduce((bytes, batch) => bytes + bytesOf(batch), 0);
  const ofPasses = sum((batch) => pathBytes(config, batch, points));
  const ofBatches = sum((batch) => batchBytes(config, batch));
  await weights.withMemory(ofBatches + ofPasses, FREE_BYTES, async (bytes) => {
    const passes = Math.min(ofPasses, bytes * PASS_SHARE);
    const groups = packed(bounded, (batch) => batchBytes(config, batch), bytes - passes);
    for (const group of groups) await task(group, passes);
  });
}
