/**
 * Words for subject–verb agreement. `sva_structures.ts` has the sentences that use them.
 */

/** A word in both numbers: nouns as "doctor/doctors", present-tense verbs as "likes/like". */
export type NumberPair = readonly [singular: string, plural: string];

const regularNouns = (words: string): NumberPair[] =>
  words.split(" ").map((noun) => [noun, noun + "s"] as const);

/** Subjects: nouns that can like, know or say something. */
export const ANIMATE_SUBJECTS: readonly NumberPair[] = regularNouns(
  "doctor teacher farmer pilot student writer singer lawyer player manager officer customer",
);

/** Animate nouns for the other noun of a sentence; none of them is a subject. */
export const ANIMATE_OTHERS: readonly NumberPair[] = regularNouns(
  "guard driver soldier artist parent worker actor neighbor minister friend",
);

/** Subjects of the inanimate structures: things. */
export const INANIMATE_SUBJECTS: readonly NumberPair[] = regularNouns(
  "book song movie picture car letter table game painting novel",
);

/** Number-neutral prepositions between an animate subject and the noun after it. */
export const ANIMATE_PREPOSITIONS: readonly string[] = [
  "near",
  "behind",
  "beside",
  "next to",
  "in front of",
];

/** Number-neutral prepositions between a thing and the noun after it. */
export const INANIMATE_PREPOSITIONS: readonly string[] = ["from", "by", "near", "behind"];

/** Transitive verbs of relative clauses ("that likes the guard", "that the guard likes"). */
export const RELATIVE_VERBS: readonly NumberPair[] = [
  ["likes", "like"],
  ["knows", "know"],
  ["sees", "see"],
  ["hates", "hate"],
  ["wants", "want"],
];

/** Past-tense verbs that take a clause ("The guard said the doctor …"). */
export const REPORTING_VERBS: readonly string[] = ["said", "thought", "knew", "believed"];

/** Intransitive verbs of the coordinated verb phrase ("The doctor smiles and …"). */
export const INTRANSITIVE_VERBS: readonly NumberPair[] = [
  ["works", "work"],
  ["runs", "run"],
  ["plays", "play"],
  ["talks", "talk"],
  ["sings", "sing"],
  ["waits", "wait"],
];

/** Longer verb phrases of the coordinated verb phrase. */
export const LONG_VERB_PHRASES: readonly NumberPair[] = [
  ["writes in the same book every day", "write in the same book every day"],
  ["likes to read long letters at home", "like to read long letters at home"],
  ["knows many old songs and games", "know many old songs and games"],
  ["plays the same game with friends", "play the same game with friends"],
];

/** Verbs that are answers if they are single tokens after a space. */
export const ANSWER_VERBS: readonly NumberPair[] = [
  ["is", "are"],
  ["was", "were"],
  ["has", "have"],
  ["does", "do"],
  ["likes", "like"],
  ["knows", "know"],
  ["sees", "see"],
  ["hates", "hate"],
  ["wants", "want"],
  ["works", "work"],
  ["runs", "run"],
  ["plays", "play"],
  ["talks", "talk"],
  ["sings", "sing"],
  ["waits", "wait"],
  ["writes", "write"],
  ["reads", "read"],
  ["says", "say"],
  ["thinks", "think"],
  ["needs", "need"],
  ["makes", "make"],
  ["takes", "take"],
  ["gives", "give"],
  ["gets", "get"],
  ["goes", "go"],
  ["comes", "come"],
  ["looks", "look"],
  ["seems", "seem"],
  ["feels", "feel"],
  ["lives", "live"],
];
