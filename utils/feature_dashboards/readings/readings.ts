/**
 * Readings of features without a language model, each fitted on one half of the sample and measured on the other:
 *
 *     token, previous, bigram, position, document   share of the entropy of firing that the key tells     information.ts
 *     context_free                                  share of the variance that the current token explains  context_free.ts
 *     rule                                          F1 of the best short rule about the text               rules.ts
 *     label                                         F1 of the best short rule about the generator's labels rules.ts
 *
 * A feature with fewer than {@link LEAST_FIRINGS} firings in either half has none.
 */
import type { DashboardText, TextSample } from "../pass/mod.ts";
import type { Firings } from "../pass/mod.ts";
import { tokenVariance } from "./context_free.ts";
import { halvesOf } from "./halves.ts";
import { baseCode, keyGain } from "./information.ts";
import { BlockBootstrap, type Score } from "./intervals.ts";
import { KEY_NAMES, type KeyName, type Keys, sampleKeys } from "./keys.ts";
import { labelPredicates, textPredicates } from "./predicates.ts";
import { type Rule, RuleFinder } from "./rules.ts";

/** Smallest number of firings in each half for a feature to have readings. */
export const LEAST_FIRINGS = 8;

/** Names of the readings; `label` only where text has a generator. */
export const READING_NAMES = [...KEY_NAMES, "context_free", "rule", "label"] as const;
/** Name of a reading. */
export type ReadingName = typeof READING_NAMES[number];

/** The readings of a feature. */
export interface Readings {
  /** entropy of firing on the held-out half, bits per token, with the probability of the fit half */
  entropy: number;
  /** by name; null where it is not defined */
  scores: Partial<Record<ReadingName, Score | null>>;
  /** the best rule about the text */
  rule?: Rule;
  /** the best rule about the generator's labels */
  label?: Rule;
}

/** Reads features on one sample. */
export class FeatureReader {
  readonly #keys: Record<KeyName, Keys>;
  readonly #bootstrap: BlockBootstrap;
  readonly #rules: RuleFinder;
  readonly #labels?: RuleFinder;
  /** tokens of each block */
  readonly #tokens: Float64Array;

  /** Takes the text, its sample, and the text of each token. */
  constructor(
    text: DashboardText,
    private readonly sample: TextSample,
    vocabulary: readonly string[],
    seed: number,
  ) {
    this.#keys = sampleKeys(text, sample);
    this.#bootstrap = new BlockBootstrap(sample.blocks, seed);
    this.#rules = new RuleFinder(textPredicates(text, sample, vocabulary), sample);
    const labels = labelPredicates(text, sample);
    if (labels) this.#labels = new RuleFinder(labels, sample);
    this.#tokens = new Float64Array(sample.blocks);
    sample.heldOut.forEach((held, t) => this.#tokens[sample.block[t]] += held);
  }

  /** Names of the readings that there are. */
  get names(): ReadingName[] {
    return READING_NAMES.filter((name) => name !== "label" || this.#labels);
  }

  /** Returns the readings of a feature; undefined where it fires too rarely. */
  read(firings: Firings, feature: number): Readings | undefined {
    const { sample } = this, halves = halvesOf(firings, feature, sample);
    const { fit, heldOut } = halves;
    if (Math.min(fit.tokens.length, heldOut.tokens.length) < LEAST_FIRINGS) return undefined;
    const bootstrap = this.#bootstrap, scores: Readings["scores"] = {};
    const base = baseCode(halves, sample, this.#tokens);
    for (const name of KEY_NAMES) {
      const gain = keyGain(halves, this.#keys[name], base, sample);
      scores[name] = bootstrap.score([gain, base.length], ([won, all]) => won / all);
    }
    const variance = tokenVariance(halves, this.#keys.token, sample, this.#tokens);
    scores.context_free = bootstrap.score(variance, ([left, all]) => 1 - left / all);
    const rule = this.#rules.best(halves, bootstrap);
    scores.rule = rule?.f1 ?? null;
    const label = this.#labels?.best(halves, bootstrap);
    if (this.#labels) scores.label = label?.f1 ?? null;
    const nats = base.length.reduce((sum, part) => sum + part, 0) / sample.heldOutTokens;
    return { entropy: nats / Math.LN2, scores, rule, label };
  }
}
