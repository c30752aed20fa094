/**
 * Names features by labels of tokens: for each feature the label that its firing tells best.
 *
 *     precision   share of the feature's firings at positions with the label
 *     recall      share of the label's positions at which the feature fires
 *     F1          2 · both / (firings + positions with the label)
 *
 * A position may have several labels ("giver", "two_people/gift", "Mary"), so labels of different kinds compete. Where the
 * text is generated, its labels are the truth, and F1 is a measure of interpretability that needs no reader. Compare it with
 * that of random features: a label of many positions gives any dense feature a high F1.
 */
import type { F32 } from "../../onnx/mod.ts";
import { type FeatureScores, featureScores } from "../truth/mod.ts";

/** The best label of a feature. */
export interface LabelledFeature extends FeatureScores {
  /** the label; undefined for a feature that never fired with one */
  label?: string;
  /** number of positions at which the feature fired */
  fired: number;
}

/** Counts firings and labels over batches. */
export class LabelMeter {
  readonly #index = new Map<string, number>();
  readonly #present: number[] = [];
  readonly #fired: Float64Array;
  readonly #both: Map<number, number>[];

  /** Takes the number of features. */
  constructor(private readonly features: number) {
    this.#fired = new Float64Array(features);
    this.#both = Array.from({ length: features }, () => new Map());
  }

  /**
   * Adds a batch.
   * @param activations `[…, F]`, one row per position
   * @param labels labels of each row; the same label twice counts once
   * @param counted 1 for the rows that count, else 0; default: all count
   * @throws Error if there are not as many rows as lists of labels.
   */
  add(
    activations: F32,
    labels: readonly (readonly string[])[],
    counted?: Uint8Array,
  ): void {
    const F = this.features;
    const rows = activations.data.length / F;
    if (rows !== labels.length) {
      throw new Error(`labels of ${labels.length} rows for activations of ${rows} rows`);
    }
    for (let row = 0; row < rows; row++) {
      if (counted?.[row] === 0) continue;
      const here = new Set(labels[row].map((label) => this.#indexOf(label)));
      for (const l of here) this.#present[l]++;
      for (let f = 0; f < F; f++) {
        if (activations.data[row * F + f] === 0) continue;
        this.#fired[f]++;
        const both = this.#both[f];
        for (const l of here) both.set(l, (both.get(l) ?? 0) + 1);
      }
    }
  }

  #indexOf(label: string): number {
    let index = this.#index.get(label);
    if (index === undefined) {
      this.#index.set(label, index = this.#present.length);
      this.#present.push(0);
    }
    return index;
  }

  /** Returns the label of largest F1 for each feature; of equal ones the one met first. */
  best(): LabelledFeature[] {
    const names = [...this.#index.keys()];
    return this.#both.map((counts, f) => {
      const fired = this.#fired[f];
      let best: LabelledFeature = { ...featureScores(fired, 0, 0), fired };
      for (const [l, both] of [...counts].sort(([a], [b]) => a - b)) {
        const scores = featureScores(fired, this.#present[l], both);
        if (scores.f1 > best.f1) best = { ...scores, label: names[l], fired };
      }
      return best;
    });
  }
}
