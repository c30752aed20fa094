/**
 * Parts of the stories about people. `[O]` is an object, `[P]` a place, `[X]` one of the two people that a story is about,
 * `[C]` a third person.
 */
import { pick, type Rng } from "../../random.ts";
import { mark } from "../labels.ts";
import { OBJECTS, PLACES } from "../words/mod.ts";

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

/** What two people did together. */
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

/** Sentences without a name. */
export const BETWEEN = [
  "It was a cold day.",
  "The weather was good.",
  "They were very happy.",
  "There were many people.",
  "It was late.",
  "They talked for a long time.",
] as const;

/** Sentences that mention one of the two without saying who will act. */
export const MENTIONS = [
  "[X] was tired.",
  "[X] was very happy.",
  "[X] had a [O].",
  "[X] liked the [P].",
  "[X] saw a [O] near the [P].",
  "[X] wanted to go home.",
  "[X] talked about the [O].",
  "The [O] of [X] was on the table.",
  "All people at the [P] knew [X].",
  "It was a good day for [X].",
] as const;

/** Sentences that bring in a third person. */
export const STRANGERS = [
  "[C] was at the [P] too.",
  "[C] was waiting near the [P].",
  "They saw [C] at the [P].",
  "They talked about [C].",
  "[C] saw them near the [P].",
  "[C] thanked [X].",
  "[C] waved to [X].",
  "[X] waved to [C].",
  "[X] knew [C] well.",
] as const;

/** Links from the introduction to the next sentence. */
export const LINKS = [
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
] as const;

/** Phrases after the last name. */
export const ENDINGS = [
  "",
  " in the evening",
  " at the [P]",
  " and went home",
  " with a smile",
] as const;

/** Sentences about one person after the act; `[W]` and `[w]` are the pronoun. */
export const PRONOUN_ENDINGS = [
  "[W] was very happy.",
  "[W] was tired.",
  "[W] liked it very much.",
  "Then [w] went home.",
] as const;

/** Puts fresh draws in the slots for objects and places. */
export function fillSlots(rng: Rng, template: string): string {
  return template.replaceAll(
    /\[([OP])\]/g,
    (_, slot) =>
      slot === "O" ? mark(pick(rng, OBJECTS), "object") : mark(pick(rng, PLACES), "place"),
  );
}
