/**
 * Stories in which the last name is not "the other one of two": three people, a stranger who gives, a gift from nobody, a
 * chain of gifts, one person alone. They keep a model from answering by position or by the mere presence of names.
 */
import { chance, pick, pickDistinct, type Rng, weightedIndex } from "../../random.ts";
import { mark, sentence } from "../labels.ts";
import { ALL_NAMES, pronounOf } from "../words/mod.ts";
import { ACTIVITIES, ACTS, BETWEEN, fillSlots, OPENERS } from "./story_parts.ts";

const gift = (rng: Rng, giver: string, recipient: string) =>
  `${sentence("gift")}${mark(giver, "giver")} ${pick(rng, ACTS)} ${mark(recipient, "recipient")}.`;

/** "Then, Mary, John and Tom went to the store." */
function trio(rng: Rng, names: readonly string[]): string {
  const [a, b, c] = names.map((name) => mark(name, "one_of_three"));
  return `${sentence("introduction")}${pick(rng, OPENERS)} ${a}, ${b} and ${c} ${
    pick(rng, ACTIVITIES)
  }.`;
}

/** "Then, Mary and John went to the store." */
function couple(rng: Rng, first: string, second: string): string {
  return `${sentence("introduction")}${pick(rng, OPENERS)} ${mark(first, "first_of_pair")} and ${
    mark(second, "second_of_pair")
  } ${pick(rng, ACTIVITIES)}.`;
}

/** Three people; one acts, one of the other two receives. */
function three(rng: Rng): string {
  const names = pickDistinct(rng, ALL_NAMES, 3);
  const [giver, recipient] = pickDistinct(rng, names, 2);
  return `${trio(rng, names)} ${gift(rng, giver, recipient)}`;
}

/** Two of three act, so that only the third is left. */
function lastOfThree(rng: Rng): string {
  const names = pickDistinct(rng, ALL_NAMES, 3);
  const [x, y, z] = pickDistinct(rng, names, 3);
  return `${trio(rng, names)} ${sentence("gift")}${mark(x, "giver")} and ${mark(y, "giver")} ${
    pick(rng, ACTS)
  } ${mark(z, "recipient")}.`;
}

/** Someone who was not introduced gives to one of two; neither is mentioned a second time before. */
function stranger(rng: Rng): string {
  const [a, b, c] = pickDistinct(rng, ALL_NAMES, 3);
  return `${couple(rng, a, b)} ${gift(rng, c, chance(rng, 0.5) ? a : b)}`;
}

/** A gift in the passive: the recipient is one of two, the giver then the other. */
function passive(rng: Rng): string {
  const [a, b] = pickDistinct(rng, ALL_NAMES, 2);
  const [recipient, giver] = chance(rng, 0.5) ? [a, b] : [b, a];
  const given = pick(rng, ["was given to", "was sent to", "was brought to"]);
  const by = chance(rng, 0.6) ? ` by ${mark(giver, "giver")}` : "";
  return `${couple(rng, a, b)} ${sentence("gift")}A [O] ${given} ${
    mark(recipient, "recipient")
  }${by}.`;
}

/** A gift that is passed on. */
function chain(rng: Rng): string {
  const [a, b, c] = pickDistinct(rng, ALL_NAMES, 3);
  const opener = pick(rng, OPENERS);
  return `${sentence("gift")}${opener} ${mark(a, "giver")} gave a [O] to ${mark(b, "recipient")}. ${
    sentence("gift")
  }${mark(b, "giver")} gave it to ${mark(c, "recipient")}. ${sentence("thanks")}${
    mark(c, "giver")
  } thanked ${mark(b, "recipient")}, and ${mark(b, "giver")} thanked ${mark(a, "recipient")}.`;
}

/** One person alone, with a pronoun where the name has one. */
function alone(rng: Rng): string {
  const name = pick(rng, ALL_NAMES);
  const pronoun = pronounOf(name);
  const again = pronoun ? mark(pronoun, "pronoun", { entity: name }) : mark(name, "mentioned");
  const reason = pick(rng, [
    "was tired",
    "was very happy",
    "wanted to go home",
    "had a [O]",
    "liked the [P]",
  ]);
  const start = `${sentence("alone")}${pick(rng, OPENERS)} ${
    mark(name, "mentioned")
  } went to the [P] because ${again} ${reason}.`;
  return chance(rng, 0.5)
    ? start
    : `${start} ${sentence("neutral")}${pick(rng, BETWEEN)} ${
      sentence("alone")
    }Then ${again} bought a [O] at the [P].`;
}

const KINDS = [three, lastOfThree, stranger, passive, chain, alone];

/** One story of one or three people, or of two without a second mention. */
export function morePeople(rng: Rng): string {
  return fillSlots(rng, KINDS[weightedIndex(rng, [2, 3, 2, 3, 2, 3])](rng));
}
