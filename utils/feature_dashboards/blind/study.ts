/**
 * Draws a blind study: features of several kinds of coder, in hidden order.
 *
 *  1. Run all coders over the text once; keep examples of every feature.
 *  2. Candidates are the features that fire often enough and have all the examples that an item shows. An item therefore has
 *     as many examples as any other, whatever its kind.
 *  3. Draw the same number of each kind, spread evenly over the layers, and shuffle.
 *  4. Show tokens and eight steps of shading, relative to the feature's largest activation. Leave out numbers, connections and
 *     frequencies.
 *  5. Name the study by a digest of the items and of the key.
 *
 * The protocol follows `interp-comparison` of transcoder_circuits (Dunefsky et al. 2024), whose random coders are ours.
 */
import { contentDigest, PythonRandom } from "../../base/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { RATING_FORMATS, type RatingKey, type RatingStudy, SHADES } from "../../results/mod.ts";
import type { Coder, TokenRows } from "../../transcoders/mod.ts";
import { type CoderPass, type Example, sampleText, textPass } from "../pass/mod.ts";
import { examplesOf, type ShownExamples } from "../shown_examples.ts";

/** Coders of one kind. */
export interface RatedKind {
  /** name of the kind, such as "transcoder" */
  kind: string;
  /** where the coders come from */
  source: string;
  /** one or more coders */
  coders: readonly Coder[];
}

/** Settings of a study. */
export interface StudyOptions {
  /** features of each kind */
  perKind: number;
  /** smallest share of tokens on which a feature fires */
  leastFrequency: number;
  /** top examples of an item, one per row of text */
  top: number;
  /** bands of its firings */
  bands: number;
  /** examples from each band */
  perBand: number;
  /** tokens before an example's peak */
  before: number;
  /** tokens after it */
  after: number;
  /** seed of the draw and of the sampled firings */
  seed: number;
  /** model, as the key names it */
  model: string;
  /** training step, as the key names it */
  step: number;
}

/** A study: what the rater sees, and what they do not. */
export interface BlindStudy {
  /** what the page shows */
  study: RatingStudy;
  /** what each number is */
  key: RatingKey;
}

interface Candidate {
  kind: string;
  layer: number;
  id: number;
  frequency: number;
  max: number;
  shown: ShownExamples;
}

/**
 * Draws a study.
 * @param batches rows of text
 * @param vocabulary text of each token
 * @throws Error if a kind has too few features that can be shown, or if no position of the text counts.
 */
export async function drawStudy(
  model: HookedModel,
  kinds: readonly RatedKind[],
  batches: readonly TokenRows[],
  vocabulary: readonly string[],
  options: StudyOptions,
): Promise<BlindStudy> {
  const tokens = batches.reduce((sum, { count }) => sum + count, 0);
  if (tokens === 0) throw new Error("blind study: no position of the text counts");
  const text = { batches }, coders = kinds.flatMap((kind) => kind.coders);
  const nothing = sampleText(text, 0);
  const examples = { ...options, sample: options.bands * options.perBand * 2 };
  const passes = await textPass(model, coders, coders, text, nothing, { examples });
  const rows = batches.flatMap(({ prompts }) => prompts);
  const random = new PythonRandom(options.seed);
  let next = 0;
  const drawn = kinds.flatMap(({ kind, coders: own }) => {
    const byLayer = own.map(({ config }) =>
      candidates(passes[next++], config, kind, { ...options, rows, tokens })
    );
    return drawEvenly(byLayer, kind, options.perKind, random);
  });
  return await assemble(random.shuffle(drawn), kinds, rows, vocabulary, options);
}

function candidates(
  pass: CoderPass,
  { layer, features }: Coder["config"],
  kind: string,
  options: StudyOptions & { rows: TokenRows["prompts"]; tokens: number },
): Candidate[] {
  const { rows, tokens, top, bands, perBand, leastFrequency } = options;
  const lengthOf = (row: number) => rows[row].length;
  return Array.from({ length: features }, (_, id) => id).flatMap((id): Candidate[] => {
    const frequency = pass.moments.firings[id] / tokens;
    if (!(frequency > leastFrequency)) return [];
    const shown = examplesOf(pass, id, { bands, perBand, lengthOf });
    const whole = shown.top.length === top &&
      shown.bands.length === bands && shown.bands.every((b) => b.examples.length === perBand);
    return whole ? [{ kind, layer, id, frequency, max: pass.moments.largest[id], shown }] : [];
  });
}

/** Draws `count` candidates, as evenly over the layers as their numbers allow. */
function drawEvenly(
  byLayer: readonly Candidate[][],
  kind: string,
  count: number,
  random: PythonRandom,
): Candidate[] {
  const all = byLayer.reduce((sum, { length }) => sum + length, 0);
  if (all < count) {
    throw new Error(
      `blind study: expected ${count} features of kind ${kind} that fire often enough, found ${all}; ` +
        "rate fewer per kind, show fewer examples or read more text",
    );
  }
  const shuffled = byLayer.map((layer) => random.shuffle([...layer]));
  const drawn: Candidate[] = [];
  for (let place = 0; drawn.length < count; place++) {
    const turn = shuffled.flatMap((layer) => layer.slice(place, place + 1));
    drawn.push(...random.shuffle(turn).slice(0, count - drawn.length));
  }
  return drawn;
}

async function assemble(
  drawn: readonly Candidate[],
  kinds: readonly RatedKind[],
  rows: TokenRows["prompts"],
  vocabulary: readonly string[],
  { seed, model, step }: StudyOptions,
): Promise<BlindStudy> {
  const texts = new Numbers<number>(), windows: Record<string, number[]> = {};
  let windowCount = 0;
  const shade = ({ row, peak, from, activations }: Example, max: number): number[] => {
    const at = windowCount++, end = from + activations.length;
    windows[at] = Array.from(rows[row].slice(from, end), (token) => texts.of(token));
    const out = [at, peak - from, 0, end - from];
    activations.forEach((value, p) => {
      if (value > 0) out.push(p, Math.ceil(SHADES * Math.min(1, value / max)));
    });
    return out;
  };
  const items = drawn.map(({ shown, max }, i) => ({
    number: i + 1,
    lists: [shown.top, ...shown.bands.map(({ examples }) => examples)]
      .map((list) => list.map((example) => shade(example, max))),
  }));
  const page = {
    items,
    vocabulary: texts.all.map((token) => vocabulary[token] ?? `<${token}>`),
    rows: windows,
  };
  const hidden = {
    format: RATING_FORMATS.key,
    model,
    step,
    seed,
    sources: Object.fromEntries(kinds.map(({ kind, source }) => [kind, source])),
    shown: await contentDigest(page),
    items: drawn.map(({ kind, layer, id, frequency }, i) => ({
      number: i + 1,
      kind,
      layer,
      id,
      frequency: Number(frequency.toPrecision(4)),
    })),
  };
  const study = await studyName(hidden);
  return { study: { study, ...page }, key: { ...hidden, study } };
}

/** Returns the name of the study that a key belongs to, from everything else in the key. */
export function studyName(
  { format, model, step, seed, sources, shown, items }: Omit<RatingKey, "study">,
): Promise<string> {
  const listed = items.map(({ number, kind, layer, id, frequency }) =>
    [number, kind, layer, id, frequency] as const
  );
  return contentDigest([format, model, step, seed, Object.entries(sources), shown, listed]);
}

/** Numbers values from 0 in the order of their first use. */
class Numbers<T> {
  readonly all: T[] = [];
  readonly #numbers = new Map<T, number>();

  /** Returns the number of a value. */
  of(value: T): number {
    let found = this.#numbers.get(value);
    if (found === undefined) {
      this.#numbers.set(value, found = this.all.length);
      this.all.push(value);
    }
    return found;
  }
}
