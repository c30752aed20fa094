/**
 * The answers of a rater, and where the page keeps them: in the browser's storage, under the study's name, so that a reload goes
 * on where the rater stopped. The address has the number of the feature and the theme.
 */
import type { FeatureRatings, RatingStudy, Verdict } from "../../../utils/results/mod.ts";

/** The formats and answers of `utils/results`, which the page cannot import: its schemas would come with them. */
const FORMAT: FeatureRatings["format"] = "circuits-over-time/feature-ratings/1";
const VERDICTS: readonly Verdict[] = ["yes", "maybe", "no"];

/** What a rater says of a feature. */
export interface Answer {
  verdict?: Verdict;
  contextFree: boolean;
  note: string;
}

/** Answers by number, and the rater's name. */
export interface Answers {
  rater: string;
  byNumber: Map<number, Answer>;
}

/** Returns a rater's answer for a feature. The verdict is missing until they rate it. */
export function answerOf({ byNumber }: Answers, number: number): Answer {
  return byNumber.get(number) ?? { contextFree: false, note: "" };
}

const place = ({ study }: RatingStudy) => `ratings:${study}`;

/** Reads the answers that the browser keeps; none where it keeps nothing readable or forbids storage. */
export function readAnswers(study: RatingStudy): Answers {
  const empty: Answers = { rater: "", byNumber: new Map() };
  try {
    const text = localStorage.getItem(place(study));
    if (text === null) return empty;
    const { rater, byNumber } = JSON.parse(text) as { rater: string; byNumber: [number, Answer][] };
    const known = new Set(study.items.map(({ number }) => number));
    return { rater: String(rater), byNumber: new Map(byNumber.filter(([n]) => known.has(n))) };
  } catch {
    return empty;
  }
}

/** Keeps the answers. @returns whether the browser kept them */
export function keepAnswers(study: RatingStudy, { rater, byNumber }: Answers): boolean {
  try {
    localStorage.setItem(place(study), JSON.stringify({ rater, byNumber: [...byNumber] }));
    return true;
  } catch {
    return false;
  }
}

/** Returns the file that the rater saves: every feature with a verdict, in the order of their numbers. */
export function ratingsFile({ study, items }: RatingStudy, answers: Answers): FeatureRatings {
  const ratings = items.flatMap(({ number }) => {
    const { verdict, contextFree, note } = answerOf(answers, number);
    return verdict === undefined ? [] : [{
      number,
      verdict,
      context_free: contextFree,
      ...note.trim() !== "" && { note: note.trim() },
    }];
  });
  return { format: FORMAT, study, rater: answers.rater.trim() || "unnamed", ratings };
}

/** Returns the verdict of a key or a button; undefined for any other text. */
export function verdictOf(text: string | undefined): Verdict | undefined {
  return VERDICTS.find((verdict, i) => text === verdict || text === String(i + 1));
}
