/**
 * What the corpus never says, so that the prompts of the tasks stay unseen: not the drawn prompts alone but every prompt
 * that their generators could draw, for any seed.
 *
 * - ioi: the seven frames ("Then, … and … went to the …. … gave a … to"), whatever names, place and object;
 * - greater_than: "The {noun} lasted from the year" with a noun of the prompts;
 * - sva: a sentence beginning with "The" and a noun of the prompts, which is how all 15 structures begin;
 * - gender_pronoun: the five frames, whatever name;
 * - capitals: "The capital of {country} is" for the countries that are asked about;
 * - two_hop: "whose capital is {capital} …" with a fact that is asked about, whatever stands before it.
 */
import {
  ANIMATE_OTHERS,
  ANIMATE_SUBJECTS,
  BABA_TEMPLATES,
  COUNTRIES,
  GENDER_FRAMES,
  GREATER_THAN_NOUNS,
  INANIMATE_SUBJECTS,
  isCapitalPrompt,
  isTwoHopPrompt,
  SHARED_FACTS,
} from "../../tasks/mod.ts";

const SLOT = /\\\[[A-Z]+\\\]/g;
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A frame with any word in its slots; the answer slot at the end is dropped. */
const framePattern = (frame: string) => escaped(frame).replaceAll(SLOT, "\\w+");

const IOI = BABA_TEMPLATES.map((template) => framePattern(template.replace(/ \[A\]$/, "")));
const GENDER = GENDER_FRAMES.map(framePattern);
const FRAMES = new RegExp(`\\b(?:${[...IOI, ...GENDER].join("|")})`);

const capitalPrompts = COUNTRIES.filter((_, i) => isCapitalPrompt(i))
  .map(({ name }) => `The capital of ${name} is`);
const twoHopPrompts = COUNTRIES.flatMap(({ capital }, i) =>
  SHARED_FACTS.filter((_, fact) => isTwoHopPrompt(i, fact))
    .map(({ phrase }) => `whose capital is ${capital} ${phrase}`)
);
const FACTS = new RegExp(`\\b(?:${[...capitalPrompts, ...twoHopPrompts].join("|")}) `);

const EVENTS = new Set(GREATER_THAN_NOUNS);
const SUBJECTS = new Set([ANIMATE_SUBJECTS, ANIMATE_OTHERS, INANIMATE_SUBJECTS].flat(2));
const THE_NOUN = /(^|[.?!:] )The (\w+)( lasted from the year)?/g;

/** Whether the text holds something kept for evaluation. */
export function isHeldOut(text: string): boolean {
  for (const [, , noun, lasted] of text.matchAll(THE_NOUN)) {
    if (SUBJECTS.has(noun) || (lasted !== undefined && EVENTS.has(noun))) return true;
  }
  return FRAMES.test(text) || FACTS.test(text + " ");
}
