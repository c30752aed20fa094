/** Statements about a person with a tag question: "Well, Helen is such a kind nurse, isn't she?" */
import { chance, pick, type Rng } from "../../random.ts";
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
  switch (pick(rng, [0, 0, 0, 0, 0, 1, 2, 3, 4])) {
    case 0: {
      const adjective = pick(rng, PERSON_ADJECTIVES);
      const degree = pick(rng, DEGREES).replace("[a]", article(adjective));
      const [verb, tag] = chance(rng, 0.85) ? ["is", "isn't"] : ["was", "wasn't"];
      return [`${verb} ${degree} ${adjective} ${pick(rng, ROLES)}`, tag];
    }
    case 1:
      return [`is ${pick(rng, ["very", "really", "so"])} ${pick(rng, PERSON_ADJECTIVES)}`, "isn't"];
    case 2:
      return [`was at the ${pick(rng, PLACES)}`, "wasn't"];
    case 3:
      return [`has a ${pick(rng, OBJECTS)}`, "hasn't"];
    default:
      return [`likes the ${pick(rng, chance(rng, 0.5) ? PLACES : OBJECTS)}`, "doesn't"];
  }
}

const SHORT_ANSWERS: Record<string, string> = {
  "isn't": "is",
  "wasn't": "was",
  "hasn't": "has",
  "doesn't": "does",
};

/** One statement with a tag question, sometimes with its answer. */
export function tagQuestion(rng: Rng): string {
  const name = pick(rng, chance(rng, 0.5) ? SHE_NAMES : HE_NAMES);
  const pronoun = pronounOf(name);
  const [said, tag] = statement(rng);
  const question = `${pick(rng, OPENERS)} ${name} ${said}, ${tag} ${pronoun}?`;
  return chance(rng, 0.7) ? question : `${question} Yes, ${pronoun} ${SHORT_ANSWERS[tag]}.`;
}
