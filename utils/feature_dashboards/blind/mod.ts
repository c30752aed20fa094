/** Blind comparison of kinds of coders: draws what a person rates, and scores the ratings. */
export {
  type BlindStudy,
  drawStudy,
  type RatedKind,
  studyName,
  type StudyOptions,
} from "./study.ts";
export {
  type KindDifference,
  type KindScore,
  type RatingScores,
  scoreRatings,
  type Share,
} from "./score.ts";
