/**
 * The 15 sentence structures of Marvin & Linzen (2018), filled from word lists of our own.
 *
 * A structure turns a choice of words into a prefix that ends just before a verb: once with the
 * singular and once with the plural form of the noun that the verb agrees with. Everything else,
 * including the number of the other noun, is the same in both, so the two are a minimal pair.
 */
import {
  ANIMATE_OTHERS,
  ANIMATE_PREPOSITIONS,
  ANIMATE_SUBJECTS,
  INANIMATE_PREPOSITIONS,
  INANIMATE_SUBJECTS,
  INTRANSITIVE_VERBS,
  LONG_VERB_PHRASES,
  type NumberPair,
  RELATIVE_VERBS,
  REPORTING_VERBS,
} from "./words/mod.ts";

/** Two prefixes that differ in the number of one noun. */
export interface MinimalPair {
  singular: string;
  plural: string;
}

/** Returns both numbers of every noun of a list, for the noun that the verb does not agree with. */
const eitherNumber = (nouns: readonly NumberPair[]): string[] => nouns.flat();

/** Returns clauses with every noun, in either number, as the subject of every relative verb. */
const clauses = (
  nouns: readonly NumberPair[],
  write: (noun: string, verb: string) => string,
): string[] =>
  nouns.flatMap((noun) =>
    RELATIVE_VERBS.flatMap((verb) => [write(noun[0], verb[0]), write(noun[1], verb[1])])
  );

/** "the guard likes", "the guards like". */
const otherClauses = clauses(ANIMATE_OTHERS, (noun, verb) => `the ${noun} ${verb}`);

/** Combines every subject with every continuation; a continuation may itself depend on the number. */
function cross(
  subjects: readonly NumberPair[],
  continuations: readonly (string | NumberPair)[],
  write: (subject: string, continuation: string) => string,
): MinimalPair[] {
  return subjects.flatMap((subject) =>
    continuations.map((continuation) => {
      const [singular, plural] = typeof continuation === "string"
        ? [continuation, continuation]
        : continuation;
      return { singular: write(subject[0], singular), plural: write(subject[1], plural) };
    })
  );
}

/** "The doctor that the guard likes" → verb of the doctor. */
const across = (subjects: readonly NumberPair[], that: string) =>
  cross(subjects, otherClauses, (subject, clause) => `The ${subject}${that} ${clause}`);

/** "The doctor that the guard" → verb of the guard. */
const within = (heads: readonly NumberPair[], that: string) =>
  cross(ANIMATE_OTHERS, eitherNumber(heads), (other, head) => `The ${head}${that} the ${other}`);

/** "The doctor near the guard" → verb of the doctor. */
const prepositional = (subjects: readonly NumberPair[], prepositions: readonly string[]) =>
  cross(
    subjects,
    prepositions.flatMap((word) =>
      eitherNumber(ANIMATE_OTHERS).map((noun) => `${word} the ${noun}`)
    ),
    (subject, phrase) => `The ${subject} ${phrase}`,
  );

const coordinated = (phrases: readonly NumberPair[]) =>
  cross(ANIMATE_SUBJECTS, phrases, (subject, phrase) => `The ${subject} ${phrase} and`);

/** The minimal pairs of each structure, by its published name. */
export const SVA_STRUCTURES: Readonly<Record<string, () => MinimalPair[]>> = {
  simple_agrmt: () => cross(ANIMATE_SUBJECTS, [""], (subject) => `The ${subject}`),
  sent_comp: () =>
    cross(
      ANIMATE_SUBJECTS,
      REPORTING_VERBS.flatMap((verb) => eitherNumber(ANIMATE_OTHERS).map((n) => `${n} ${verb}`)),
      (subject, speaker) => `The ${speaker} the ${subject}`,
    ),
  vp_coord: () => coordinated(INTRANSITIVE_VERBS),
  long_vp_coord: () => coordinated(LONG_VERB_PHRASES),
  prep_anim: () => prepositional(ANIMATE_SUBJECTS, ANIMATE_PREPOSITIONS),
  prep_inanim: () => prepositional(INANIMATE_SUBJECTS, INANIMATE_PREPOSITIONS),
  subj_rel: () =>
    cross(
      ANIMATE_SUBJECTS,
      RELATIVE_VERBS.flatMap((verb) =>
        eitherNumber(ANIMATE_OTHERS).map((noun) =>
          [`${verb[0]} the ${noun}`, `${verb[1]} the ${noun}`] as const
        )
      ),
      (subject, clause) => `The ${subject} that ${clause}`,
    ),
  obj_rel_across_anim: () => across(ANIMATE_SUBJECTS, " that"),
  obj_rel_across_inanim: () => across(INANIMATE_SUBJECTS, " that"),
  obj_rel_within_anim: () => within(ANIMATE_SUBJECTS, " that"),
  obj_rel_within_inanim: () => within(INANIMATE_SUBJECTS, " that"),
  obj_rel_no_comp_across_anim: () => across(ANIMATE_SUBJECTS, ""),
  obj_rel_no_comp_across_inanim: () => across(INANIMATE_SUBJECTS, ""),
  obj_rel_no_comp_within_anim: () => within(ANIMATE_SUBJECTS, ""),
  obj_rel_no_comp_within_inanim: () => within(INANIMATE_SUBJECTS, ""),
};
