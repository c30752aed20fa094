/**
 * Statements about a person with a tag question: "Well, Helen is such a kind nurse, isn't she?" Another person of either
 * gender may stand before or after the name, so the pronoun follows the subject and not the nearest name.
 */
import { chance, pick, type Rng } from "../../random.ts";
import { mark, sentence } from "../labels.ts";
import {
  article,
  HE_NAMES,
  OBJECTS,
  PERSON_ADJECTIVES,
  PLACES,
  pronounOf,
  ROLES,
  SHE_NAMES,
} from "../words/mod.ts";

const OPENERS = ["So", "So", "So", "Well,", "Oh,", "And", "Yes,", "Now"] as const;
const DEGREES = ["such [a]", "a very", "a really", "quite [a]", "[a]"] as const;

/** The statement with its negated verb: "is such a kind nurse" → "isn't". */
function statement(rng: Rng): [statement: string, tag: string] {
  const adjective = pick(rng, PERSON_ADJECTIVES);
  const role = pick(rng, ROLES), place = mark(pick(rng, PLACES), "place");
  const thing = mark(pick(rng, OBJECTS), "object");
  switch (pick(rng, [0, 0, 0, 0, 0, 1, 2, 3, 4])) {
    case 0: {
      const degree = pick(rng, DEGREES).replace("[a]", article(adjective));
      const [verb, tag] = chance(rng, 0.85) ? ["is", "isn't"] : ["was", "wasn't"];
      return [
        `${verb} ${degree} ${mark(adjective, "quality")} ${mark(role, "profession")}`,
        tag,
      ];
    }
    case 1:
      return [`is ${pick(rng, ["very", "really", "so"])} ${mark(adjective, "quality")}`, "isn't"];
    case 2:
      return [`was at the ${place}`, "wasn't"];
    case 3:
      return [`has a ${thing}`, "hasn't"];
    default:
      return [`likes the ${chance(rng, 0.5) ? place : thing}`, "doesn't"];
  }
}

const SHORT_ANSWERS: Record<string, string> = {
  "isn't": "is",
  "wasn't": "was",
  "hasn't": "has",
  "doesn't": "does",
};

const anyName = (rng: Rng) => pick(rng, chance(rng, 0.5) ? SHE_NAMES : HE_NAMES);

/** One statement with a tag question, sometimes with another person, sometimes with its answer. */
export function tagQuestion(rng: Rng): string {
  const name = anyName(rng);
  let other = anyName(rng);
  while (other === name) other = anyName(rng);
  const pronoun = mark(pronounOf(name)!, "pronoun", { entity: name });
  const [said, tag] = statement(rng);
  const someone = mark(other, "attractor");
  let before = "", subject = mark(name, "subject");
  if (chance(rng, 0.25)) {
    before = `${sentence("mention")}${
      pick(rng, [
        `Here comes ${someone}.`,
        `They talked about ${someone}.`,
        `Where is ${someone}?`,
        `This is not ${someone}.`,
      ])
    } `;
  } else if (chance(rng, 0.3)) {
    subject += pick(rng, [
      `, a friend of ${someone},`,
      `, who knows ${someone},`,
      ` from the house of ${someone}`,
    ]);
  }
  const question = `${before}${sentence("tag_question")}${
    pick(rng, OPENERS)
  } ${subject} ${said}, ${tag} ${pronoun}?`;
  return chance(rng, 0.7)
    ? question
    : `${question} ${sentence("answer")}Yes, ${pronoun} ${SHORT_ANSWERS[tag]}.`;
}
