/**
 * Scores blind ratings by kind of coder:
 *
 *     counts of yes, maybe and no, and of context-free features
 *     shares of yes and of context-free, and the mean of yes = 1, maybe = ½, no = 0
 *
 * Intervals are bootstrap percentiles over the features of a kind. Differences between two kinds resample each kind by itself.
 * Features that the rater left out are counted and take no part.
 */
import { percentileInterval, resampledIndices, seededIndices, UserError } from "../../base/mod.ts";
import { type FeatureRatings, type RatingKey, type Verdict } from "../../results/mod.ts";
import { studyName } from "./study.ts";

/** A mean and its 95 % interval. */
export interface Share {
  /** the mean */
  value: number;
  /** lower end of the interval */
  low: number;
  /** upper end */
  high: number;
}

/** Ratings of one kind. */
export interface KindScore {
  /** name of the kind, from the key */
  kind: string;
  /** features rated */
  rated: number;
  /** features of the kind that the rater left out */
  left: number;
  /** features that one description fits */
  yes: number;
  /** features that one may fit */
  maybe: number;
  /** features that none fits */
  no: number;
  /** features that the token alone explains, whatever their verdict */
  contextFree: number;
  /** share of yes; null where nothing was rated, as the other measures */
  shareYes: Share | null;
  /** mean of yes = 1, maybe = ½, no = 0 */
  clarity: Share | null;
  /** share of context-free features */
  shareContextFree: Share | null;
}

/** How far the first kind is above the second. */
export interface KindDifference {
  /** the two kinds */
  kinds: [string, string];
  /** difference of the shares of yes */
  shareYes: Share;
  /** difference of the means of yes = 1, maybe = ½, no = 0 */
  clarity: Share;
  /** difference of the shares of context-free features */
  shareContextFree: Share;
}

/** Scores of a rater. */
export interface RatingScores {
  /** who rated */
  rater: string;
  /** in the order of the key's sources */
  kinds: KindScore[];
  /** of every pair of kinds with ratings */
  differences: KindDifference[];
}

const RESAMPLES = 2000, LEVEL = 0.95;
const CLARITY: Record<Verdict, number> = { yes: 1, maybe: 0.5, no: 0 };

type Rating = FeatureRatings["ratings"][number];
type Measure = "shareYes" | "clarity" | "shareContextFree";

const MEASURES: Record<Measure, (rating: Rating) => number> = {
  shareYes: ({ verdict }) => Number(verdict === "yes"),
  clarity: ({ verdict }) => CLARITY[verdict],
  shareContextFree: ({ context_free }) => Number(context_free),
};

/**
 * Scores the ratings of one rater.
 * @throws UserError if the ratings belong to another study, if the key has been edited since its study was drawn, or if a rating
 * names a feature that the key does not have, or one twice.
 */
export async function scoreRatings(key: RatingKey, ratings: FeatureRatings): Promise<RatingScores> {
  await checkFit(key, ratings);
  const byNumber = new Map(ratings.ratings.map((rating) => [rating.number, rating]));
  const draws = new Map<string, Record<Measure, Float64Array>>();
  const kinds = Object.keys(key.sources).map((kind, k): KindScore => {
    const own = key.items.filter((item) => item.kind === kind);
    const rated = own.flatMap(({ number }) => byNumber.get(number) ?? []);
    const count = (verdict: Verdict) => rated.filter((r) => r.verdict === verdict).length;
    if (rated.length > 0) draws.set(kind, resampledMeans(rated, k));
    const share = (measure: Measure): Share | null => {
      const resampled = draws.get(kind)?.[measure];
      return resampled ? shareOf(meanOf(rated, measure), resampled) : null;
    };
    return {
      kind,
      rated: rated.length,
      left: own.length - rated.length,
      yes: count("yes"),
      maybe: count("maybe"),
      no: count("no"),
      contextFree: rated.filter((r) => r.context_free).length,
      shareYes: share("shareYes"),
      clarity: share("clarity"),
      shareContextFree: share("shareContextFree"),
    };
  });
  const differences = kinds.flatMap((a, i) =>
    kinds.slice(i + 1).flatMap((b): KindDifference[] => {
      const first = draws.get(a.kind), second = draws.get(b.kind);
      if (!first || !second) return [];
      const of = (measure: Measure) =>
        shareOf(
          a[measure]!.value - b[measure]!.value,
          first[measure].map((value, i) => value - second[measure][i]),
        );
      return [{
        kinds: [a.kind, b.kind],
        shareYes: of("shareYes"),
        clarity: of("clarity"),
        shareContextFree: of("shareContextFree"),
      }];
    })
  );
  return { rater: ratings.rater, kinds, differences };
}

async function checkFit(key: RatingKey, { study, ratings }: FeatureRatings): Promise<void> {
  const name = await studyName(key);
  if (name !== key.study) {
    throw new UserError(
      `the key has been edited: its content belongs to study ${name}, and it names study ${key.study}; use the key as it was written`,
    );
  }
  if (study !== key.study) {
    throw new UserError(
      `the ratings are of study ${study}, the key is of study ${key.study}; give the key that was written with the page`,
    );
  }
  const known = new Set(key.items.map(({ number }) => number)), seen = new Set<number>();
  for (const { number } of ratings) {
    if (!known.has(number)) {
      throw new UserError(`the ratings name feature ${number}, which the key does not have`);
    }
    if (seen.has(number)) throw new UserError(`the ratings have feature ${number} twice`);
    seen.add(number);
  }
}

const meanOf = (rated: readonly Rating[], measure: Measure): number =>
  rated.reduce((sum, rating) => sum + MEASURES[measure](rating), 0) / rated.length;

function resampledMeans(rated: readonly Rating[], seed: number): Record<Measure, Float64Array> {
  const n = rated.length;
  const out = {
    shareYes: new Float64Array(RESAMPLES),
    clarity: new Float64Array(RESAMPLES),
    shareContextFree: new Float64Array(RESAMPLES),
  };
  let b = 0;
  for (const indices of resampledIndices(n, RESAMPLES, seededIndices(seed))) {
    const chosen = Array.from(indices, (i) => rated[i]);
    for (const measure of Object.keys(out) as Measure[]) {
      out[measure][b] = meanOf(chosen, measure);
    }
    b++;
  }
  return out;
}

/** Returns a measure with the interval of its resampled values, which stay in their order. */
function shareOf(value: number, resampled: Float64Array): Share {
  const [low, high] = percentileInterval(resampled.slice(), LEVEL);
  return { value, low, high };
}
