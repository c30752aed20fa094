/**
 * Sentences whose verb agrees with its subject across other words: the 15 structures of Marvin & Linzen (2018).
 *
 * A sentence = (opening) + subject + modifier + verb phrase. Number is drawn for every noun on its own, so the nearest
 * noun says nothing about the verb. Prompts begin with "The" and a noun of the prompt lists; a sentence here begins with
 * "The" and a noun that no prompt uses, or has an adjective, another determiner or an opening before the prompt's nouns.
 */
import { chance, pick, type Rng, weightedIndex } from "../../random.ts";
import { mark, sentence } from "../labels.ts";
import {
  ANIMATE_OTHERS,
  ANIMATE_PREPOSITIONS,
  ANIMATE_SUBJECTS,
  ANSWER_VERBS,
  INANIMATE_PREPOSITIONS,
  INANIMATE_SUBJECTS,
  INTRANSITIVE_VERBS,
  LONG_VERB_PHRASES,
  type NumberPair,
  RELATIVE_VERBS,
  REPORTING_VERBS,
} from "../../../tasks/mod.ts";
import {
  OBJECTS,
  OWN_ANIMATE,
  OWN_INANIMATE,
  PERSON_ADJECTIVES,
  PLACES,
  THING_ADJECTIVES,
} from "../words/mod.ts";

type GrammaticalNumber = 0 | 1; // singular, plural: the index into a NumberPair
const NUMBERS = ["singular", "plural"] as const;

/** A noun or verb in one number, marked with its role. */
const inflected = (pair: NumberPair, number: GrammaticalNumber, role: string) =>
  mark(pair[number], role, { entity: pair[0], number: NUMBERS[number] });

interface Subject {
  text: string;
  number: GrammaticalNumber;
}

const PROMPT_ANIMATE: readonly NumberPair[] = [...ANIMATE_SUBJECTS, ...ANIMATE_OTHERS];
const ANIMATE: readonly NumberPair[] = [...PROMPT_ANIMATE, ...OWN_ANIMATE];
const DETERMINERS: readonly NumberPair[] = [["This", "These"], ["That", "Those"], ["One", "Some"], [
  "Every",
  "Many",
]];
const OPENINGS = [
  "In the morning,",
  "Every day,",
  "Today,",
  "Now",
  "I think",
  "We know that",
  "You say",
  "They say that",
];
const VERBS_OF_THINGS = new Set([
  "is",
  "was",
  "has",
  "seems",
  "looks",
  "needs",
  "comes",
  "gets",
  "makes",
  "feels",
]);
const THING_VERBS = ANSWER_VERBS.filter(([singular]) => VERBS_OF_THINGS.has(singular));

const drawNumber = (rng: Rng): GrammaticalNumber => chance(rng, 0.5) ? 1 : 0;

/** The subject at the start of a sentence, in a form that no prompt begins with. */
function initialSubject(rng: Rng, animate: boolean): Subject {
  const number = drawNumber(rng);
  const own = animate ? OWN_ANIMATE : OWN_INANIMATE;
  const prompt = animate ? PROMPT_ANIMATE : INANIMATE_SUBJECTS;
  const adjectives = animate ? PERSON_ADJECTIVES : THING_ADJECTIVES;
  const all = chance(rng, 0.6) ? prompt : own;
  const noun = (nouns: readonly NumberPair[]) => inflected(pick(rng, nouns), number, "subject");
  switch (weightedIndex(rng, [9, 5, 5, 1])) {
    case 0:
      return { text: `The ${noun(own)}`, number };
    case 1:
      return { text: `The ${pick(rng, adjectives)} ${noun(all)}`, number };
    case 2:
      return { text: `${pick(rng, OPENINGS)} the ${noun(all)}`, number };
    default:
      return { text: `${pick(rng, DETERMINERS)[number]} ${noun(all)}`, number };
  }
}

/** "the guard", "the old guards": a noun inside a sentence. */
function innerNoun(rng: Rng, role = "attractor"): Subject {
  const number = drawNumber(rng);
  const adjective = chance(rng, 0.15) ? `${pick(rng, PERSON_ADJECTIVES)} ` : "";
  return { text: `the ${adjective}${inflected(pick(rng, ANIMATE), number, role)}`, number };
}

const relativeVerb = (rng: Rng, number: GrammaticalNumber) =>
  inflected(pick(rng, RELATIVE_VERBS), number, "relative_verb");

/** What follows a verb, by its singular form. */
function complement(rng: Rng, singular: string): string {
  const thing = () => mark(pick(rng, OBJECTS), "object");
  const place = () => mark(pick(rng, PLACES), "place");
  switch (singular) {
    case "is":
    case "was":
    case "seems":
    case "looks":
    case "feels":
      return `${chance(rng, 0.3) ? "very " : ""}${
        pick(rng, chance(rng, 0.5) ? PERSON_ADJECTIVES : THING_ADJECTIVES)
      }`;
    case "has":
    case "needs":
    case "gets":
    case "makes":
    case "gives":
      return `a ${thing()}`;
    case "does":
      return "the work";
    case "likes":
    case "knows":
    case "sees":
    case "hates":
    case "wants":
    case "takes":
      return chance(rng, 0.5) ? `the ${thing()}` : innerNoun(rng, "object").text;
    case "writes":
      return "a letter";
    case "reads":
      return "a book";
    case "says":
      return "goodbye";
    case "thinks":
      return `about the ${thing()}`;
    case "goes":
      return `to the ${place()}`;
    case "comes":
      return `from the ${place()}`;
    case "lives":
      return `near the ${place()}`;
    default:
      return chance(rng, 0.4) ? "every day" : `at the ${place()}`;
  }
}

function verbPhrase(
  rng: Rng,
  number: GrammaticalNumber,
  verbs: readonly NumberPair[] = ANSWER_VERBS,
): string {
  const verb = pick(rng, verbs);
  return `${inflected(verb, number, "verb")} ${complement(rng, verb[0])}`;
}

/** Words between subject and verb: one phrase or clause, or two with an attractor each. */
function modifier(rng: Rng, number: GrammaticalNumber, animate: boolean): string {
  const first = oneModifier(rng, number, animate);
  return chance(rng, 0.15) ? first + phrase(rng, true) : first;
}

/** " near the guards": a prepositional phrase with an attractor. */
function phrase(rng: Rng, animate: boolean): string {
  const prepositions = animate ? ANIMATE_PREPOSITIONS : INANIMATE_PREPOSITIONS;
  return ` ${pick(rng, prepositions)} ${innerNoun(rng).text}`;
}

/** One modifier, by structure; a verb in it agrees with its own subject. */
function oneModifier(rng: Rng, number: GrammaticalNumber, animate: boolean): string {
  const that = chance(rng, 0.5) ? " that" : "";
  switch (weightedIndex(rng, animate ? [3, 2, 3] : [3, 0, 4])) {
    case 0: // prep_anim, prep_inanim
      return phrase(rng, animate);
    case 1: // subj_rel
      return ` that ${relativeVerb(rng, number)} ${innerNoun(rng).text}`;
    default: { // obj_rel across and within, with and without "that"
      const other = innerNoun(rng);
      return `${that} ${other.text} ${relativeVerb(rng, other.number)}`;
    }
  }
}

/** One sentence whose verb agrees with a subject. */
export function agreementSentence(rng: Rng): string {
  return sentence("agreement") + clause(rng);
}

function clause(rng: Rng): string {
  const animate = chance(rng, 0.7);
  const subject = initialSubject(rng, animate);
  const verbs = animate ? ANSWER_VERBS : THING_VERBS;
  switch (weightedIndex(rng, animate ? [8, 11, 3, 3, 3] : [2, 12, 0, 0, 0])) {
    case 0: // simple_agrmt
      return `${subject.text} ${verbPhrase(rng, subject.number, verbs)}.`;
    case 1:
      return `${subject.text}${modifier(rng, subject.number, animate)} ${
        verbPhrase(rng, subject.number, verbs)
      }.`;
    case 2: { // sent_comp
      const inner = innerNoun(rng, "subject");
      const that = chance(rng, 0.2) ? " that" : "";
      return `${subject.text} ${pick(rng, REPORTING_VERBS)}${that} ${inner.text} ${
        verbPhrase(rng, inner.number)
      }.`;
    }
    case 3: // vp_coord
      return `${subject.text} ${
        inflected(pick(rng, INTRANSITIVE_VERBS), subject.number, "first_verb")
      } and ${verbPhrase(rng, subject.number)}.`;
    default: // long_vp_coord
      return `${subject.text} ${pick(rng, LONG_VERB_PHRASES)[subject.number]} and ${
        verbPhrase(rng, subject.number)
      }.`;
  }
}

/** One to three such sentences. */
export function agreement(rng: Rng): string {
  const sentences = [agreementSentence(rng)];
  while (sentences.length < 3 && chance(rng, 0.3)) sentences.push(agreementSentence(rng));
  return sentences.join(" ");
}
