/**
 * Stories in which the last name is not simply "the other one of two": three people, a stranger who gives, a chain of
 * gifts, one person alone. They keep the model from answering by position or by the mere presence of names.
 */
import { chance, pick, pickDistinct, type Rng, weightedIndex } from "../../random.ts";
import { ALL_NAMES, pronounOf } from "../words/mod.ts";
import { ACTIVITIES, ACTS, BETWEEN, fillSlots, OPENERS } from "./two_people.ts";

/** Three people; one acts, one of the other two receives. */
function three(rng: Rng): string {
  const names = pickDistinct(rng, ALL_NAMES, 3);
  const [actor, other] = pickDistinct(rng, names, 2);
  const [a, b, c] = names;
  return `${pick(rng, OPENERS)} ${a}, ${b} and ${c} ${pick(rng, ACTIVITIES)}. ` +
    `${actor} ${pick(rng, ACTS)} ${other}.`;
}

/** Two of three act, so that only the third is left. */
function lastOfThree(rng: Rng): string {
  const names = pickDistinct(rng, ALL_NAMES, 3);
  const [x, y, z] = pickDistinct(rng, names, 3);
  const [a, b, c] = names;
  return `${pick(rng, OPENERS)} ${a}, ${b} and ${c} ${pick(rng, ACTIVITIES)}. ` +
    `${x} and ${y} ${pick(rng, ACTS)} ${z}.`;
}

/** Someone who was not introduced gives to one of two. */
function stranger(rng: Rng): string {
  const [a, b, c] = pickDistinct(rng, ALL_NAMES, 3);
  return `${pick(rng, OPENERS)} ${a} and ${b} ${pick(rng, ACTIVITIES)}. ` +
    `${c} ${pick(rng, ACTS)} ${chance(rng, 0.5) ? a : b}.`;
}

/** A gift that is passed on. */
function chain(rng: Rng): string {
  const [a, b, c] = pickDistinct(rng, ALL_NAMES, 3);
  return `${
    pick(rng, OPENERS)
  } ${a} gave a [O] to ${b}. ${b} gave it to ${c}. ${c} thanked ${b}, and ${b} thanked ${a}.`;
}

/** One person alone, with a pronoun where the name has one. */
function alone(rng: Rng): string {
  const name = pick(rng, ALL_NAMES);
  const again = pronounOf(name) ?? name;
  const reason = pick(rng, [
    "was tired",
    "was very happy",
    "wanted to go home",
    "had a [O]",
    "liked the [P]",
  ]);
  const start = `${pick(rng, OPENERS)} ${name} went to the [P] because ${again} ${reason}.`;
  return chance(rng, 0.5)
    ? start
    : `${start} ${pick(rng, BETWEEN)} Then ${again} bought a [O] at the [P].`;
}

const KINDS = [three, lastOfThree, stranger, chain, alone];

/** One story of one or three people. */
export function morePeople(rng: Rng): string {
  return fillSlots(rng, KINDS[weightedIndex(rng, [3, 3, 1, 2, 4])](rng));
}
