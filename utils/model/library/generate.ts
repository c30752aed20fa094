/**
 * Continues a text token by token, greedily or by sampling, with hooks on.
 *
 * Without patches and functions, each step computes one position and continues after the keys and values of the earlier
 * ones. With them, each step runs the whole text, so that a function sees all positions.
 */
import { PythonRandom } from "../../base/mod.ts";
import { extendPast, type RunOptions } from "../run/mod.ts";
import type { TokenModel } from "../token_model.ts";

/** How a text is continued. */
export interface GenerateOptions {
  /** most tokens to add; default 20 */
  maxTokens?: number;
  /** 0 takes the largest logit (default); larger numbers divide the logits before sampling */
  temperature?: number;
  /** random seed of the sampling; default 0 */
  seed?: number;
  /** whether to stop before the end-of-text token; default true */
  stopAtEos?: boolean;
}

/** A continuation. */
export interface Generated {
  /** ids of the new tokens */
  tokens: number[];
  /** the new tokens as text; empty if the model has no tokenizer */
  text: string;
}

/** Returns the next-token logits of a token list. */
export type NextLogits = (tokens: readonly number[]) => Promise<Float32Array>;

/** Returns next-token logits that continue after the keys and values of the tokens that were run before. */
export function cachedLogits(model: TokenModel, options: RunOptions): NextLogits {
  let past = options.past;
  let done = 0;
  return async (tokens) => {
    const fresh = tokens.slice(done);
    const run = await model.run([fresh], { ...options, past, keysValues: true });
    past = past ? extendPast(past, run.past!) : run.past;
    done = tokens.length;
    return (await model.unembed(run.residual, [fresh.length - 1])).data;
  };
}

/**
 * Continues a token list.
 * @throws RangeError for a number of tokens or a temperature below 0.
 */
export async function continueTokens(
  prompt: readonly number[],
  next: NextLogits,
  options: GenerateOptions,
  eosId: number | undefined,
): Promise<number[]> {
  const { maxTokens = 20, temperature = 0, seed = 0, stopAtEos = true } = options;
  if (!(Number.isInteger(maxTokens) && maxTokens >= 0)) {
    throw new RangeError(`maxTokens: expected a whole number ≥ 0, found ${maxTokens}`);
  }
  if (!(temperature >= 0)) {
    throw new RangeError(`temperature: expected a number ≥ 0, found ${temperature}`);
  }
  const random = new PythonRandom(seed);
  const tokens: number[] = [];
  while (tokens.length < maxTokens) {
    const logits = await next([...prompt, ...tokens]);
    const token = temperature === 0 ? largest(logits) : sampled(logits, temperature, random);
    if (stopAtEos && token === eosId) break;
    tokens.push(token);
  }
  return tokens;
}

function largest(logits: Float32Array): number {
  return logits.reduce((best, x, i) => x > logits[best] ? i : best, 0);
}

/** Draws from softmax(logits / temperature). */
function sampled(logits: Float32Array, temperature: number, random: PythonRandom): number {
  const top = logits[largest(logits)];
  const weights = Float64Array.from(logits, (x) => Math.exp((x - top) / temperature));
  let left = random.random() * weights.reduce((a, b) => a + b, 0);
  return Math.max(0, weights.findIndex((w) => (left -= w) < 0));
}
