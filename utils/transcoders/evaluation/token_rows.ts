/**
 * Rows of tokens that an evaluation runs on, and the positions that count. Positions of some tokens, the end-of-text token
 * by default, are left out: they have outlying activations, and coders are trained without them. There the model keeps its
 * own values in every replaced run, and no metric counts them.
 */
import { type F32, tensor } from "../../onnx/mod.ts";
import type { Prompts } from "../../model/mod.ts";
import type { TokenStream } from "../../text/mod.ts";

/** Rows that run together. */
export interface TokenRows {
  /** token ids of each row */
  prompts: Prompts;
  /** positions per row, padding included */
  pos: number;
  /** 1 where a position counts, 0 at excluded tokens and padding, `[batch · pos]` */
  counted: Uint8Array;
  /** number of positions that count */
  count: number;
}

/** Returns rows of token ids with the positions that count: all but those of `excluded` tokens. */
export function rowsOf(prompts: Prompts, excluded: readonly number[] = []): TokenRows {
  const pos = Math.max(...prompts.map((tokens) => tokens.length));
  const counted = new Uint8Array(prompts.length * pos);
  prompts.forEach((tokens, b) =>
    tokens.forEach((token, p) => counted[b * pos + p] = Number(!excluded.includes(token)))
  );
  return { prompts, pos, counted, count: counted.reduce((sum, one) => sum + one, 0) };
}

/**
 * Returns the rows of steps of a stream, padding cut off.
 * @param steps the steps, e.g. `[0, 1, 2]`
 * @param excluded tokens whose positions do not count
 */
export function streamRows(
  stream: TokenStream,
  steps: readonly number[],
  excluded: readonly number[],
): TokenRows[] {
  return steps.map((step) => {
    const ids = stream.at(step), lengths = stream.lengths?.(step);
    const prompts = Array.from({ length: stream.batch }, (_, b) => {
      const start = b * stream.context;
      return Array.from(ids.subarray(start, start + (lengths?.[b] ?? stream.context)));
    });
    return rowsOf(prompts, excluded);
  });
}

/** Returns the positions that count as a splice takes them: 1 or 0, `[batch, pos, 1]`. */
export function positionMask({ prompts, pos, counted }: TokenRows): F32 {
  return tensor(Float32Array.from(counted), [prompts.length, pos, 1]);
}
