/**
 * What a replacement costs the model, from logits at all positions:
 *
 *     ce   cross-entropy of the next token, in nats: pooled mean over predicted tokens
 *     kl   KL(clean ‖ replaced) of the next-token distributions: mean over positions
 *
 * The last position of a prompt predicts nothing, so it counts for kl only. Padding counts for neither, and neither do
 * positions that a caller leaves out.
 */
import {
  defineProgram,
  exp,
  type F32,
  gatherElements,
  Graph,
  logSoftmax,
  mul,
  neg,
  type ProgramCache,
  reshape,
  Session,
  type SessionOptions,
  sub,
  sum,
  tensor,
} from "../../onnx/mod.ts";
import type { HookedModel, Prompts, RunOptions } from "../../model/mod.ts";

/** Mean losses; see the header. */
export interface TokenLosses {
  /** cross-entropy in nats */
  ce: number;
  /** KL(clean ‖ replaced) in nats */
  kl: number;
}

const lossProgram = defineProgram(
  "token losses",
  (vocabulary: number, options: SessionOptions) => {
    const g = new Graph();
    const logs = (name: string) => logSoftmax(g.input(name, ["rows", vocabulary]));
    const [clean, replaced] = [logs("clean"), logs("replaced")];
    const next = g.input("next", ["rows", 1], "int32");
    const ce = neg(reshape(gatherElements(replaced, next, 1), ["rows"]));
    const kl = sum(mul(exp(clean), sub(clean, replaced)), [1]);
    return Session.compile({ ce, kl }, {}, options);
  },
);

/** Adds up the losses of batches of prompts. */
export class LossMeter {
  #ce = 0;
  #kl = 0;
  #predicted = 0;
  #positions = 0;

  /** Takes the cache of compiled programs. */
  constructor(private readonly cache: ProgramCache) {}

  /**
   * Adds a batch, from the logits `[batch, pos, V]` of the model as it is and with the replacement.
   * @param counted 1 for the positions that count, `[batch · pos]`; default: all
   */
  async add(prompts: Prompts, clean: F32, replaced: F32, counted?: Uint8Array): Promise<void> {
    const [batch, pos, V] = clean.shape;
    const next = new Int32Array(batch * pos);
    prompts.forEach((tokens, b) => next.set(tokens.slice(1), b * pos));
    const session = await lossProgram(this.cache, V);
    const { ce, kl } = await session.run({
      clean: tensor(clean.data, [batch * pos, V]),
      replaced: tensor(replaced.data, [batch * pos, V]),
      next: tensor(next, [batch * pos, 1]),
    });
    prompts.forEach((tokens, b) => {
      for (let p = 0; p < tokens.length; p++) {
        if (counted?.[b * pos + p] === 0) continue;
        this.#positions++;
        this.#kl += kl.data[b * pos + p];
        if (p + 1 === tokens.length) continue;
        this.#predicted++;
        this.#ce += ce.data[b * pos + p];
      }
    });
  }

  /** Returns the mean losses over all batches so far. */
  losses(): TokenLosses {
    return { ce: this.#ce / this.#predicted, kl: this.#kl / this.#positions };
  }
}

/**
 * Returns the mean losses of a model under a replacement.
 * @param batches prompts that run together
 * @param replacementOf options of the replaced run of a batch; see `replacement()` and `crossLayerReplacement()`
 */
export async function replacementLosses(
  model: HookedModel,
  batches: Iterable<Prompts>,
  replacementOf: (prompts: Prompts) => RunOptions | Promise<RunOptions>,
): Promise<TokenLosses> {
  const meter = new LossMeter(model.runtime);
  for (const prompts of batches) {
    const clean = await model.allLogits(prompts);
    const replaced = await model.allLogits(prompts, await replacementOf(prompts));
    await meter.add(prompts, clean, replaced);
  }
  return meter.losses();
}
