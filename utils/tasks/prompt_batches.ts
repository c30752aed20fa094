/**
 * Prompt pairs as batches of one length, cut at the read-out, with what both prompts share at the front set apart.
 *
 *  - No position after the read-out is computed: attention is causal.
 *  - Pairs are grouped by length, so a batch has no padding and its read-out is its last position.
 *  - Before the first position at which clean and corrupted tokens differ both runs are equal, so this prefix is
 *    computed once and only the suffix is run again (identity 1: shared prefix).
 */
import { bucketBy } from "../model/run/batch.ts";
import type { Readout } from "../model/blocks/embedding.ts";
import type { PromptPair } from "./prompt_pair.ts";

export interface PromptBatch {
  /** place of each prompt in the task */
  indices: number[];
  /** tokens before the first difference of any pair in the batch, per prompt; empty lists where there are none */
  prefix: number[][];
  /** tokens from there to the read-out, all of one length */
  clean: number[][];
  corrupted: number[][];
  /** read-out position within the suffix: its last */
  position: number;
  readout: Readout;
}

export interface BatchOptions {
  /** prompts per batch at most */
  batchSize?: number;
  /** false: run whole prompts, for tests and for interventions that change the prefix */
  sharePrefix?: boolean;
}

/** Rows of a read-out. */
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

/** The first position at which two token lists differ, or `end` if they agree up to there. */
export function firstDifference(a: readonly number[], b: readonly number[], end: number): number {
  for (let p = 0; p < end; p++) if (a[p] !== b[p]) return p;
  return end;
}

/** Groups prompt pairs into batches; see the header. */
export function promptBatches(
  prompts: readonly PromptPair[],
  readout: Readout,
  { batchSize = Infinity, sharePrefix = true }: BatchOptions = {},
): PromptBatch[] {
  const start = (p: PromptPair) =>
    sharePrefix ? firstDifference(p.clean, p.corrupted, p.position) : 0;
  return bucketBy(prompts, (p) => p.position, batchSize).map((indices) => {
    const members = indices.map((i) => prompts[i]);
    const shared = Math.min(...members.map(start));
    const end = members[0].position + 1;
    return {
      indices,
      prefix: members.map((p) => p.clean.slice(0, shared)),
      clean: members.map((p) => p.clean.slice(shared, end)),
      corrupted: members.map((p) => p.corrupted.slice(shared, end)),
      position: end - shared - 1,
      readout: readoutRows(readout, indices),
    };
  });
}

/** All token ids of some batches. */
export function batchTokens(batches: readonly PromptBatch[]): Set<number> {
  return new Set(
    batches.flatMap(({ clean, corrupted, prefix }) => [clean, corrupted, prefix].flat(2)),
  );
}
