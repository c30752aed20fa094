/** Follows features from match to match: every feature of every checkpoint belongs to one chain, which is its slot. */
import type { FeatureIdentityEntry } from "../../utils/results/mod.ts";

/** A feature followed through the checkpoints; lists by checkpoint, null where it is not there. */
export interface Chain {
  /** number of the feature */
  numbers: (number | null)[];
  /** similarity of the match with the checkpoint before */
  similarities: (number | null)[];
  /** cosine of the decoder rows of that match */
  cosines: (number | null)[];
}

/** Finds the chain of a feature. */
export class Chains {
  readonly #at: Map<string, Chain>[];

  /** Takes the identity at each checkpoint, oldest first; undefined where there is none. */
  constructor(private readonly identity: readonly (FeatureIdentityEntry | undefined)[]) {
    this.#at = identity.map(() => new Map());
    identity.forEach((entry, t) => {
      entry?.layers.forEach((layer, l) => {
        layer.kept.forEach(([old, now, similarity], i) => {
          const chain = this.of(t - 1, l, old);
          chain.numbers[t] = now;
          chain.similarities[t] = similarity;
          chain.cosines[t] = layer.cosines?.[i] ?? null;
          this.#at[t].set(`${l}/${now}`, chain);
        });
        for (const feature of layer.born) this.of(t, l, feature);
      });
    });
  }

  /** Returns the chain of a feature; a feature that does not fire on the text has one of its own. */
  of(t: number, layer: number, feature: number): Chain {
    const key = `${layer}/${feature}`;
    let chain = this.#at[t].get(key);
    if (!chain) {
      const nothing = () => this.identity.map(() => null);
      chain = { numbers: nothing(), similarities: nothing(), cosines: nothing() };
      chain.numbers[t] = feature;
      this.#at[t].set(key, chain);
    }
    return chain;
  }
}
