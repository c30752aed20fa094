/**
 * Sentences about the made-up countries: one fact each, or one fact that feeds another ("The country whose capital is
 * Belor sells wine"). A document never has two facts about one country, so only what the model has learned leads from a
 * capital to the goods of its country.
 */
import { chance, integer, pick, pickDistinct, type Rng, weightedIndex } from "../../random.ts";
import {
  COUNTRIES,
  type Country,
  isCapitalPrompt,
  isTwoHopPrompt,
  SHARED_FACTS,
} from "../../../tasks/mod.ts";
import { mark, sentence } from "../labels.ts";

const OPENINGS = ["We know that ", "They say that ", "You know that ", "I think that "];

const index = (country: Country) => COUNTRIES.indexOf(country);
const nameOf = ({ name }: Country) => mark(name, "country");
const capitalOf = ({ capital, name }: Country) => mark(capital, "capital", { entity: name });

/** The prompt's own words for the countries that no prompt asks about, other words for all. */
function capitalFact(rng: Rng, country: Country): string {
  const name = nameOf(country), capital = capitalOf(country);
  const frames = [
    `The capital of the land of ${name} is ${capital}.`,
    `The capital of old ${name} is ${capital}.`,
    `In ${name}, the capital is ${capital}.`,
    `${name} has its capital at ${capital}.`,
    `What is the capital of ${name}? It is ${capital}.`,
    `${capital} is the capital of ${name}.`,
    `${capital} is the capital of ${name}.`,
    `The country whose capital is ${capital} is ${name}.`,
    `The country whose capital is ${capital} is ${name}.`,
    `The city of ${capital} is in ${name}.`,
  ];
  if (isCapitalPrompt(index(country))) return pick(rng, frames);
  return chance(rng, 0.3) ? `The capital of ${name} is ${capital}.` : pick(rng, frames);
}

/** "lies in the north", "sells wine", "has a red flag". */
function predicate(fact: number, country: Country): string {
  const { fact: key, phrase } = SHARED_FACTS[fact];
  return `${phrase} ${mark(country[key], key, { entity: country[key] })}${
    key === "colour" ? " flag" : ""
  }`;
}

function sharedFact(rng: Rng, fact: number, country: Country): string {
  const subject = pick(rng, ["", "The land of ", "The country of ", "Old "]) + nameOf(country);
  return `${subject} ${predicate(fact, country)}.`;
}

/** Two facts in one sentence; undefined for those that the prompts ask. */
function twoHops(rng: Rng, fact: number, country: Country): string | undefined {
  if (isTwoHopPrompt(index(country), fact)) return undefined;
  const opening = chance(rng, 0.3) ? pick(rng, OPENINGS) : "";
  const subject = `${opening === "" ? "The" : "the"} country whose capital is ${
    capitalOf(country)
  }`;
  return `${opening}${subject} ${predicate(fact, country)}.`;
}

function statement(rng: Rng, country: Country): string {
  const fact = integer(rng, 0, SHARED_FACTS.length - 1);
  switch (weightedIndex(rng, [4, 6, 7])) {
    case 0:
      return sentence("capital") + capitalFact(rng, country);
    case 1:
      return sentence("shared_fact") + sharedFact(rng, fact, country);
    default: {
      const two = twoHops(rng, fact, country);
      return two === undefined
        ? sentence("shared_fact") + sharedFact(rng, fact, country)
        : sentence("two_hops") + two;
    }
  }
}

/** One to four statements about different countries. */
export function facts(rng: Rng): string {
  const countries = pickDistinct(rng, COUNTRIES, integer(rng, 1, 4));
  return countries.map((country) => statement(rng, country)).join(" ");
}
