/**
 * Batches of prompt pairs: of one length, cut at the read-out, with the shared prefix (`shared_prefix.ts`) apart.
 *
 * Pairs are grouped by their read-out position, so a batch has no padding and its read-out is its last position.
 */
import { bucketBy, type Readout } from "../model/mod.ts";
import type { PromptPair } from "./prompt_pair.ts";
import { sharedLength, splitPrompt } from "./shared_prefix.ts";

/** Pairs that run together. */
export interface PromptBatch {
  /** index of each prompt in the task */
  indices: number[];
  /** per prompt, the tokens before the first difference of any pair in the batch; empty lists if there are none */
  prefix: number[][];
  /** clean tokens from there to the read-out, all of one length */
  clean: number[][];
  /** corrupted tokens from there to the read-out, all of one length */
  corrupted: number[][];
  /** read-out position within the suffix: the last one */
  position: number;
  /** what is read out, one row per prompt of the batch */
  readout: Readout;
}

/** How pairs are put into batches. */
export interface BatchOptions {
  /** largest number of prompts per batch; default: no limit */
  batchSize?: number;
  /** false: run whole prompts, for tests and for interventions that change the prefix; default true */
  sharePrefix?: boolean;
}

/** Returns some rows of a read-out, in the given order. */
export function readoutRows(readout: Readout, rows: readonly number[]): Readout {
  const { kind, width } = readout;
  const take = <T extends Int32Array | Float32Array>(data: T, out: T): T => {
    rows.forEach((row, i) => out.set(data.subarray(row * width, (row + 1) * width), i * width));
    return out;
  };
  return {
    kind,
    width,
    ids: take(readout.ids, new Int32Array(rows.length * width)),
    weights: take(readout.weights, new Float32Array(rows.length * width)),
  };
}

/** Returns some prompts of a batch, in the given order. */
export function batchRows(batch: PromptBatch, prompts: readonly number[]): PromptBatch {
  const of = <T>(list: readonly T[]): T[] => prompts.map((n) => list[n]);
  return {
    indices: of(batch.indices),
    prefix: of(batch.prefix),
    clean: of(batch.clean),
    corrupted: of(batch.corrupted),
    position: batch.position,
    readout: readoutRows(batch.readout, prompts),
  };
}

/** Groups prompt pairs into batches. */
export function promptBatches(
  prompts: readonly PromptPair[],
  readout: Readout,
  { batchSize = Infinity, sharePrefix = true }: BatchOptions = {},
): PromptBatch[] {
  return bucketBy(prompts, (p) => p.position, batchSize).map((indices) => {
    const members = indices.map((i) => prompts[i]);
    const { position } = members[0];
    const shared = sharePrefix ? Math.min(...members.map(sharedLength)) : 0;
    const clean = members.map((p) => splitPrompt(p.clean, shared, position));
    return {
      indices,
      prefix: clean.map(({ prefix }) => prefix),
      clean: clean.map(({ suffix }) => suffix),
      corrupted: members.map((p) => splitPrompt(p.corrupted, shared, position).suffix),
      position: position - shared,
      readout: readoutRows(readout, indices),
    };
  });
}

/** Returns all token ids in some batches. */
export function batchTokens(batches: readonly PromptBatch[]): Set<number> {
  return new Set(
    batches.flatMap(({ clean, corrupted, prefix }) => [clean, corrupted, prefix].flat(2)),
  );
}
