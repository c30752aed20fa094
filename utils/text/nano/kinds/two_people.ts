/**
 * Stories of two people in which one of them gives, shows or says something to the other.
 *
 * A story = opener + introduction of both + (sentences in between) + the act + (an ending).
 *
 * Only the one who acts, found by grammar, tells who receives: the other of the two. Each short cut fails in some stories:
 *
 *  - "the name mentioned once": sentences in between mention either person, the same one up to four times, or both. A
 *    head that copies every name then sees the answer least, so it must leave the giver out of its attention;
 *  - "not the last name": a third person may stand between the giver and the answer, or in the sentence before;
 *  - "not the second of the pair", "not the nearer name": who is named first and who acts are independent draws;
 *  - "write down the giver's logit": in some stories the giver has no name where the giver acts ("The latter gave a ring
 *    to", "She gave a ring to"), so the place of the giver in the introduction decides where to look;
 *  - "the other of the two after the last full stop": an act may be followed by the act in return.
 */
import { chance, pick, pickDistinct, type Rng, weightedIndex } from "../../random.ts";
import { mark, sentence } from "../labels.ts";
import { ALL_NAMES, pronounOf } from "../words/mod.ts";
import { namelessGiver } from "./nameless_giver.ts";
import {
  ACTIVITIES,
  ACTS,
  BETWEEN,
  CONJUNCTIONS,
  ENDINGS,
  fillSlots,
  LINKS,
  MENTIONS,
  OPENERS,
  PRONOUN_ENDINGS,
  STRANGERS,
} from "./story_parts.ts";

/** The people of one story. */
interface Cast {
  first: string;
  second: string;
  giver: string;
  recipient: string;
  /** third people, each used once */
  others: string[];
}

/** A clause that introduces both names, without final punctuation. */
function introduction(rng: Rng, { first, second }: Cast): string {
  const a = mark(first, "first_of_pair"), b = mark(second, "second_of_pair");
  switch (weightedIndex(rng, [14, 1, 1, 1])) {
    case 0:
      return `${a} and ${b} ${pick(rng, ACTIVITIES)}`;
    case 1:
      return `${a} met ${b} at the [P]`;
    case 2:
      return `${a} was at the [P] with ${b}`;
    default:
      return `${a} saw ${b} near the [P]`;
  }
}

/** A sentence between introduction and act; its mention of one of the two is of `favourite` if there is one. */
function between(rng: Rng, cast: Cast, favourite?: string): string {
  const name = favourite ?? (chance(rng, 0.5) ? cast.giver : cast.recipient);
  const someone = mark(name, "mentioned");
  switch (weightedIndex(rng, [1, favourite ? 10 : 5, cast.others.length > 0 ? 2 : 0])) {
    case 0:
      return sentence("neutral") + pick(rng, BETWEEN);
    case 1:
      return sentence("mention") + pick(rng, MENTIONS).replace("[X]", someone);
    default:
      return sentence("stranger") +
        pick(rng, STRANGERS).replace("[X]", someone)
          .replace("[C]", mark(cast.others.pop()!, "stranger"));
  }
}

/** Share without a name of the giver, of the stories whose act is a sentence of its own. */
const NAMELESS = 0.4;

/** The giver with, sometimes, a third person between the giver and the verb. */
function giverPhrase(rng: Rng, { giver, others }: Cast): string {
  const who = mark(giver, "giver");
  if (others.length === 0 || chance(rng, 0.6)) return who;
  const other = mark(others.pop()!, "stranger");
  return pick(rng, [
    `${who}, who knew ${other},`,
    `${who}, a friend of ${other},`,
    `${who} thanked ${other} and`,
    `${who} waved to ${other} and then`,
  ]);
}

/** "gave a ring to", with a third person inside it now and then. */
function actPhrase(rng: Rng, { others }: Cast): string {
  if (others.length === 0 || chance(rng, 0.85)) return pick(rng, ACTS);
  const other = mark(others.pop()!, "stranger");
  return pick(rng, [
    `took the [O] from ${other} and gave it to`,
    `got a [O] from ${other} and showed it to`,
    `gave the [O] of ${other} to`,
  ]);
}

/** Ends the story after the last name: a full stop, a phrase, the act in return, or a sentence about one of the two. */
function ending(rng: Rng, { giver, recipient }: Cast): string {
  const end = `${chance(rng, 0.7) ? "" : pick(rng, ENDINGS)}.`;
  if (chance(rng, 0.5)) return end;
  if (chance(rng, 0.5)) {
    const link = pick(rng, ["", "Then ", "Later, ", "So "]);
    const back = `${mark(recipient, "giver")} ${pick(rng, ACTS)} ${mark(giver, "recipient")}`;
    return `${end} ${sentence("return")}${link}${back}.`;
  }
  const pronoun = pronounOf(recipient);
  if (pronoun === undefined || pronoun === pronounOf(giver)) {
    return `${end} ${sentence("neutral")}${pick(rng, BETWEEN)}`;
  }
  const capital = pronoun === "she" ? "She" : "He";
  const last = pick(rng, PRONOUN_ENDINGS)
    .replace("[W]", mark(capital, "pronoun", { entity: recipient }))
    .replace("[w]", mark(pronoun, "pronoun", { entity: recipient }));
  return `${end} ${sentence("pronoun")}${last}`;
}

/** One story of two people. */
export function twoPeople(rng: Rng): string {
  const strangers = weightedIndex(rng, [5, 3, 2]);
  const [first, second, ...others] = pickDistinct(rng, ALL_NAMES, 2 + strangers);
  const [giver, recipient] = chance(rng, 0.5) ? [first, second] : [second, first];
  const cast = { first, second, giver, recipient, others };
  const act = (who = giverPhrase(rng, cast)) =>
    `${who} ${actPhrase(rng, cast)} ${mark(recipient, "recipient")}`;
  let story: string;
  if (chance(rng, 0.2)) {
    story = `${sentence("gift")}${pick(rng, CONJUNCTIONS)} ${introduction(rng, cast)}, ${act()}`;
  } else {
    story = `${sentence("introduction")}${pick(rng, OPENERS)} ${introduction(rng, cast)}`;
    const sentences = weightedIndex(rng, [3, 3, 3, 3, 2]);
    if (chance(rng, NAMELESS)) {
      const middle = chance(rng, 0.3) ? ` ${sentence("neutral")}${pick(rng, BETWEEN)}` : "";
      story += `.${middle} ${sentence("gift")}${act(namelessGiver(rng, cast))}`;
    } else if (sentences === 0) {
      story += `${pick(rng, LINKS)} ${sentence("gift")}${act()}`;
    } else {
      const favourite = chance(rng, 0.7) ? pick(rng, [giver, giver, recipient]) : undefined;
      const middle = Array.from({ length: sentences }, () => between(rng, cast, favourite));
      story += `. ${middle.join(" ")} ${sentence("gift")}${act()}`;
    }
  }
  return fillSlots(rng, story + ending(rng, cast));
}
