/** Plain prose without a task in it: weather, places, animals, questions, short reports. */
import { chance, integer, pick, type Rng } from "../../random.ts";
import { mark, readMarks, sentence as begin } from "../labels.ts";
import {
  ALL_NAMES,
  ANIMALS,
  DAYS,
  HE_NAMES,
  MONTHS,
  NUMBER_WORDS,
  OBJECTS,
  PERSON_ADJECTIVES,
  PLACES,
  SHE_NAMES,
  THING_ADJECTIVES,
} from "../words/mod.ts";

const SLOTS: Record<string, readonly string[]> = {
  P: PLACES,
  O: OBJECTS,
  A: ANIMALS,
  T: THING_ADJECTIVES,
  Q: PERSON_ADJECTIVES,
  N: ALL_NAMES,
  H: HE_NAMES,
  S: SHE_NAMES,
  D: DAYS.words,
  M: MONTHS.words,
  W: NUMBER_WORDS.words.slice(1),
};

const SENTENCES = [
  "It was a [T] [O] of the king.",
  "The weather in [M] was good.",
  "On [D] there was a [A] in the [P].",
  "The [A] ran to the [P] and then came back.",
  "There were [W] people at the [P].",
  "We have a [T] [A] and a [T] [O].",
  "You have only one [O], but they have [W].",
  "What is this? This is a [T] [O].",
  "How much is the [T] [O]? It is very good.",
  "If you go to the [P], take the [O] with you.",
  "They live in a [T] house near the [P].",
  "Most people like the [P] in [M].",
  "Some of them were [Q], and some were not.",
  "This is the [P] that we like most.",
  "I have an apple and a [O] for you.",
  "The [T] [O] was in the [P] all day.",
  "These are the people about whom we talked.",
  "While it was cold, the [A] was in the house.",
  "With a [O] like that, you will be happy.",
  "When it is late, they go home.",
  "As we know, the [P] is old.",
  "But the [A] was so [Q] that we were happy.",
  "In [M], the days are long.",
  "[D] was a good day for all.",
  "[H] was [Q] because he had a [O].",
  "[S] was [Q] because she had a [O].",
  "[H] said that he will go to the [P] on [D].",
  "[S] said that she will go to the [P] on [D].",
  "[S] has her [O], and [H] has his [O].",
  "[N] and [N] are friends.",
  "[N] is at the [P] once more.",
  "Where is [N]? [N] is in the [P].",
  "Their [A] is by the [P], which is [T].",
  "Its name is not on the [O].",
  "My [O] is [T], and your [O] is [T].",
  "However, such a [O] is not for me.",
  "For [W] days it was cold, and then the weather was good.",
  "To them, the [P] was very much like home.",
] as const;

/** Starters of the first sentence, so that a document never begins with a name. */
const STARTS = ["Today", "Now", "Then"];

const ROLES: Record<string, string> = {
  P: "place",
  O: "object",
  A: "animal",
  T: "quality",
  Q: "quality",
  N: "mentioned",
  H: "mentioned",
  S: "mentioned",
  D: "day",
  M: "month",
  W: "count",
};

function sentence(rng: Rng): string {
  return begin("prose") + pick(rng, SENTENCES).replaceAll(
    /\[([A-Z])\]/g,
    (_, slot) => mark(pick(rng, SLOTS[slot]), ROLES[slot]),
  );
}

/** One to four sentences. */
export function filler(rng: Rng): string {
  const sentences = Array.from({ length: integer(rng, 1, 4) }, () => sentence(rng));
  const first = readMarks(sentences[0], "prose").text;
  if (/^(\w+) (is|was|said|has|and)/.test(first) || chance(rng, 0.1)) {
    sentences.unshift(`${begin("prose")}${pick(rng, STARTS)} it is late.`);
  }
  return sentences.join(" ");
}
