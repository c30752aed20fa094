/**
 * What the corpus never says, so that the prompts of the tasks stay unseen: not the drawn prompts alone but every prompt
 * that their generators could draw, for any seed.
 *
 * - ioi: the seven frames ("Then, … and … went to the …. … gave a … to"), whatever names, place and object;
 * - greater_than: "The {noun} lasted from the year" with a noun of the prompts;
 * - sva: a sentence beginning with "The" and a noun of the prompts, which is how all 15 structures begin;
 * - gender_pronoun: the five frames, whatever name.
 */
import {
  ANIMATE_OTHERS,
  ANIMATE_SUBJECTS,
  BABA_TEMPLATES,
  GENDER_FRAMES,
  GREATER_THAN_NOUNS,
  INANIMATE_SUBJECTS,
} from "../../tasks/mod.ts";

const SLOT = /\\\[[A-Z]+\\\]/g;
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A frame with any word in its slots; the answer slot at the end is dropped. */
const framePattern = (frame: string) => escaped(frame).replaceAll(SLOT, "\\w+");

const IOI = BABA_TEMPLATES.map((template) => framePattern(template.replace(/ \[A\]$/, "")));
const GENDER = GENDER_FRAMES.map(framePattern);
const FRAMES = new RegExp(`\\b(?:${[...IOI, ...GENDER].join("|")})`);

const EVENTS = new Set(GREATER_THAN_NOUNS);
const SUBJECTS = new Set([ANIMATE_SUBJECTS, ANIMATE_OTHERS, INANIMATE_SUBJECTS].flat(2));
const THE_NOUN = /(^|[.?!:] )The (\w+)( lasted from the year)?/g;

/** Whether the text holds something kept for evaluation. */
export function isHeldOut(text: string): boolean {
  for (const [, , noun, lasted] of text.matchAll(THE_NOUN)) {
    if (SUBJECTS.has(noun) || (lasted !== undefined && EVENTS.has(noun))) return true;
  }
  return FRAMES.test(text);
}
