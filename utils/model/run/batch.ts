/** Pads token lists to a batch, and groups items of equal length. */
import { type Tensor, tensor } from "../../onnx/mod.ts";

/** Prompts padded to one length. */
export interface TokenBatch {
  /** token ids `[batch, pos]`, padded on the right with id 0; attention is causal, so no real position sees the padding */
  tokens: Tensor<Int32Array>;
  /** number of tokens of each prompt before padding */
  lengths: number[];
  /** number of prompts */
  batch: number;
  /** number of positions after padding */
  pos: number;
}

/**
 * Pads token lists on the right to the length of the longest, or to `least` positions if that is more.
 * @throws Error if the batch or a list is empty, or an id is outside the vocabulary.
 */
export function padTokens(
  prompts: readonly (readonly number[])[],
  vocabSize: number,
  least = 0,
): TokenBatch {
  if (prompts.length === 0) throw new Error("no prompts given");
  const lengths = prompts.map((p) => p.length);
  const pos = Math.max(least, ...lengths);
  const ids = new Int32Array(prompts.length * pos);
  prompts.forEach((prompt, b) => {
    if (prompt.length === 0) throw new Error(`prompt ${b} has no tokens`);
    const bad = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
    if (bad !== undefined) {
      throw new Error(
        `prompt ${b}: token id ${bad} is outside the vocabulary 0 … ${vocabSize - 1}`,
      );
    }
    ids.set(prompt, b * pos);
  });
  return { tokens: tensor(ids, [prompts.length, pos]), lengths, batch: prompts.length, pos };
}

/** Groups item indices by key, in the order of first appearance. Cuts groups of more than `limit` items into several. */
export function bucketBy<T>(
  items: readonly T[],
  key: (item: T, index: number) => string | number,
  limit = Infinity,
): number[][] {
  const groups = new Map<string | number, number[]>();
  items.forEach((item, i) => {
    const k = key(item, i);
    const group = groups.get(k);
    if (group) group.push(i);
    else groups.set(k, [i]);
  });
  return [...groups.values()].flatMap((group) => {
    const size = Math.min(limit, group.length);
    const count = Math.ceil(group.length / size);
    return Array.from({ length: count }, (_, i) => group.slice(i * size, (i + 1) * size));
  });
}
