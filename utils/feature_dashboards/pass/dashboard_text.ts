/**
 * The text of dashboards, and the sample of it that readings are fitted and measured on:
 *
 *  1. Rows are spread evenly over the text until the sample has its number of tokens.
 *  2. Every other row of the sample is for fitting, the rest is held out.
 *  3. Held-out rows are in blocks of whole rows; intervals resample blocks.
 *
 * A token of the sample has a number: its place among the sample's positions that count.
 */
import type { TokenLabel } from "../../text/mod.ts";
import type { TokenRows } from "../../transcoders/mod.ts";

/** Largest number of blocks of the held-out half. */
const MOST_BLOCKS = 64;

/** Text with what the generator says about it, where there is a generator. */
export interface DashboardText {
  /** batches of rows */
  batches: readonly TokenRows[];
  /** Returns the labels of a batch's tokens, row by row; absent for text without a generator. */
  labels?(batch: number): readonly TokenLabel[];
  /** id of the end-of-text token, which separates documents */
  eosId?: number;
}

/** A row of the sample. */
export interface SampledRow {
  /** number of the row in the text */
  row: number;
  /** number of its batch */
  batch: number;
  /** its place in the batch */
  place: number;
  /** its tokens */
  tokens: readonly number[];
  /** number of each token of the sample; −1 where a position does not count */
  numbers: Int32Array;
}

/** The sample. */
export interface TextSample {
  /** its rows, in order */
  rows: SampledRow[];
  /** number of tokens */
  tokens: number;
  /** 1 for the tokens of the held-out half */
  heldOut: Uint8Array;
  /** block of each held-out token; 0 for the others */
  block: Uint8Array;
  /** number of blocks */
  blocks: number;
  /** number of tokens of the half to fit on */
  fitTokens: number;
  /** number of tokens of the other half */
  heldOutTokens: number;
}

/** Returns the sample of a text. @param most number of tokens that count, more or less */
export function sampleText({ batches }: DashboardText, most: number): TextSample {
  const all = batches.reduce((sum, { count }) => sum + count, 0);
  const share = Math.min(1, most / Math.max(1, all));
  const rows: SampledRow[] = [], halves: number[] = [];
  let number = 0, row = 0;
  for (const [batch, { prompts, pos, counted }] of batches.entries()) {
    for (const [place, tokens] of prompts.entries()) {
      if (Math.floor((row + 1) * share) > Math.floor(row * share) || share === 1) {
        const numbers = Int32Array.from(
          tokens,
          (_, p) => counted[place * pos + p] === 1 ? number++ : -1,
        );
        halves.push(...numbers.filter((n) => n >= 0).map(() => rows.length));
        rows.push({ row, batch, place, tokens, numbers });
      }
      row++;
    }
  }
  const heldOut = Uint8Array.from(halves, (place) => place % 2);
  const held = Math.floor(rows.length / 2), blocks = Math.max(1, Math.min(MOST_BLOCKS, held));
  const block = Uint8Array.from(
    halves,
    (place) => place % 2 === 1 ? Math.floor((place - 1) / 2 * blocks / held) : 0,
  );
  const heldOutTokens = heldOut.reduce((sum, one) => sum + one, 0);
  const fitTokens = number - heldOutTokens;
  return { rows, tokens: number, heldOut, block, blocks, fitTokens, heldOutTokens };
}
