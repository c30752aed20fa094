/**
 * Stories of two people in which one of them gives, shows or says something to the other. Which of the two acts, who is
 * named first and what stands between the mentions are independent draws, so nothing but "copy the name that has been
 * mentioned once" predicts the last name.
 *
 * A story = opener + introduction of both + (a sentence in between) + the act + (an ending).
 */
import { chance, pick, pickDistinct, type Rng, weightedIndex } from "../../random.ts";
import { ALL_NAMES, OBJECTS, PLACES, pronounOf } from "../words/mod.ts";

/** Openers of a main clause. */
export const OPENERS = [
  "Then,",
  "Later,",
  "One day,",
  "Yesterday,",
  "Last week,",
  "In the morning,",
  "In the evening,",
  "Then one day,",
  "At night,",
] as const;

/** Openers of a subordinate clause. */
export const CONJUNCTIONS = ["After", "When", "While", "Because", "Before", "Once"] as const;

/** What two people did together; `[O]` an object, `[P]` a place. */
export const ACTIVITIES = [
  "went to the [P]",
  "had a lot of fun at the [P]",
  "were working at the [P]",
  "were thinking about going to the [P]",
  "had a long argument",
  "got a [O] at the [P]",
  "walked to the [P]",
  "met at the [P]",
  "were sitting in the [P]",
  "came back from the [P]",
  "played a game at the [P]",
  "were waiting at the [P]",
  "found a [O] at the [P]",
  "were looking for a [O] at the [P]",
  "bought a [O] at the [P]",
  "had dinner at the [P]",
  "were talking about the [O]",
  "had a long talk",
  "had a short argument",
  "were working in the [P]",
  "went to the [P] with a [O]",
  "saw a [O] at the [P]",
  "wanted to go to the [P]",
  "had a good time at the [P]",
  "were thinking about a [O]",
  "lived near the [P]",
  "left the [P]",
  "ran to the [P]",
] as const;

/** What one of them did, up to the name of the other. */
export const ACTS = [
  "gave a [O] to",
  "gave a [O] to",
  "decided to give a [O] to",
  "wanted to give a [O] to",
  "decided to give it to",
  "said to",
  "gave the [O] to",
  "gave it to",
  "handed a [O] to",
  "handed the [O] to",
  "offered a [O] to",
  "sent a [O] to",
  "sold the [O] to",
  "showed the [O] to",
  "brought a [O] to",
  "wrote a letter to",
  "talked to",
  "waved to",
  "read a book to",
  "told a story to",
  "tried to give a [O] to",
  "wanted to sell a [O] to",
  "decided to send a [O] to",
  "smiled at",
  "looked at",
  "thanked",
  "helped",
  "said goodbye to",
  "bought a [O] for",
  "made a cake for",
] as const;

/** Neutral sentences that may stand between the introduction and the act. */
export const BETWEEN = [
  "It was a cold day.",
  "The weather was good.",
  "They were very happy.",
  "There were many people.",
  "It was late.",
  "They talked for a long time.",
] as const;

const LINKS = [
  ".",
  ".",
  ".",
  ", and afterwards",
  ", and then",
  ", so",
  ", but",
  ". Then",
  ". Later,",
  ". After lunch,",
];
const ENDINGS = [
  "",
  " in the evening",
  " at the [P]",
  " and went home",
  " with a smile",
];
const PRONOUN_ENDINGS = [
  "[W] was very happy.",
  "[W] was tired.",
  "[W] liked it very much.",
  "Then [w] went home.",
];

/** Puts fresh draws in the slots: `[O]` an object, `[P]` a place. */
export function fillSlots(rng: Rng, template: string): string {
  return template.replaceAll(
    /\[([OP])\]/g,
    (_, slot) => pick(rng, slot === "O" ? OBJECTS : PLACES),
  );
}

/** A clause that introduces both names in the given order, without final punctuation. */
function introduction(rng: Rng, first: string, second: string): string {
  switch (weightedIndex(rng, [14, 1, 1, 1])) {
    case 0:
      return `${first} and ${second} ${pick(rng, ACTIVITIES)}`;
    case 1:
      return `${first} met ${second} at the [P]`;
    case 2:
      return `${first} was at the [P] with ${second}`;
    default:
      return `${first} saw ${second} near the [P]`;
  }
}

/** Ends the story after the last name: a full stop, a phrase, or a sentence about one of the two. */
function ending(rng: Rng, actor: string, other: string): string {
  const end = `${chance(rng, 0.7) ? "" : pick(rng, ENDINGS)}.`;
  if (chance(rng, 0.6)) return end;
  if (chance(rng, 0.4)) return `${end} ${other} thanked ${actor}.`;
  const pronoun = pronounOf(other);
  if (pronoun === undefined || pronoun === pronounOf(actor)) return `${end} ${pick(rng, BETWEEN)}`;
  const capital = pronoun === "she" ? "She" : "He";
  return `${end} ${pick(rng, PRONOUN_ENDINGS).replace("[W]", capital).replace("[w]", pronoun)}`;
}

/** One story of two people. */
export function twoPeople(rng: Rng): string {
  const [first, second] = pickDistinct(rng, ALL_NAMES, 2);
  const [actor, other] = chance(rng, 0.5) ? [first, second] : [second, first];
  const act = `${actor} ${pick(rng, ACTS)} ${other}`;
  let story: string;
  if (chance(rng, 0.35)) {
    const conjunction = pick(rng, CONJUNCTIONS);
    story = `${conjunction} ${introduction(rng, first, second)}, ${act}`;
  } else {
    const start = `${pick(rng, OPENERS)} ${introduction(rng, first, second)}`;
    story = chance(rng, 0.8)
      ? `${start}${pick(rng, LINKS)} ${act}`
      : `${start}. ${pick(rng, BETWEEN)} ${act}`;
  }
  return fillSlots(rng, story + ending(rng, actor, other));
}
