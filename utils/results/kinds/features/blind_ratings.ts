/**
 * Files of a blind comparison of features: what the rating page shows, the key that the rater does not see, and the ratings.
 *
 * The study's name is a digest of the items and of the key, so ratings fit one page and one key only, and the key cannot be
 * changed after the rating.
 */
import { z } from "zod";

/** Formats of the files, with their versions. */
export const RATING_FORMATS = {
  key: "circuits-over-time/rating-key/1",
  ratings: "circuits-over-time/feature-ratings/1",
} as const;

/** Answers to "does one short description fit the examples?". */
export const VERDICTS = ["yes", "maybe", "no"] as const;

/** Steps of shading; the page has no other trace of an activation's size. */
export const SHADES = 8;

/** One feature to rate, as the page shows it. Nothing in it depends on the kind of coder other than the examples. */
export interface RatingItem {
  /** from 1 */
  number: number;
  /**
   * Lists of examples: the strongest, then those from bands of the firings, the strongest band first. Each as dashboards
   * store them, with steps of shading in place of activations: row, peak, first position, end, position, shade, ….
   */
  lists: number[][][];
}

/** What the rating page embeds. */
export interface RatingStudy {
  /** digest of the items and of the key */
  study: string;
  /** features in the order of their numbers */
  items: RatingItem[];
  /** text of tokens by number; numbers count from the first use in the page */
  vocabulary: string[];
  /** windows of text that examples show, by number */
  rows: Record<string, number[]>;
}

/** The hidden part. */
export const ratingKey = z.object({
  format: z.literal(RATING_FORMATS.key),
  study: z.string(),
  model: z.string(),
  step: z.int(),
  /** seed of the draw */
  seed: z.int(),
  /** kind → where its coders come from */
  sources: z.record(z.string(), z.string()),
  /** digest of what the page shows */
  shown: z.string(),
  /** what each number is */
  items: z.array(z.object({
    number: z.int(),
    kind: z.string(),
    layer: z.int(),
    id: z.int(),
    /** share of tokens on which it fires */
    frequency: z.number(),
  })),
});

/** Ratings, as the page exports them. */
export const featureRatings = z.object({
  format: z.literal(RATING_FORMATS.ratings),
  study: z.string(),
  /** who rated */
  rater: z.string(),
  ratings: z.array(z.object({
    number: z.int(),
    verdict: z.enum(VERDICTS),
    /** whether the token alone says when the feature fires */
    context_free: z.boolean(),
    /** what the rater thinks it is */
    note: z.string().optional(),
  })),
});

/** The hidden part. */
export type RatingKey = z.infer<typeof ratingKey>;
/** Ratings of one rater. */
export type FeatureRatings = z.infer<typeof featureRatings>;
/** An answer. */
export type Verdict = typeof VERDICTS[number];
