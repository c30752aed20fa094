/**
 * Prompts about made-up countries (`countries.ts`). Only a model that learned these facts in training can answer.
 *
 *  - `capitals`: "The capital of Avaria is" → Belor. One fact, asked in words that the training text of `pythia-nano` uses
 *    for other countries only.
 *  - `two_hop`: "The country whose capital is Belor sells" → wine. The first fact, Belor → Avaria, feeds the second,
 *    Avaria → wine. The training text has such sentences, but none about this capital and this fact.
 *
 * The corrupted prompt asks the same of another country with another answer; that answer is the wrong one. Marks: SUBJECT,
 * the name, and END, the read-out.
 */
import { PythonRandom } from "../../base/mod.ts";
import { requireSingleToken, type Tokenizer } from "../../model/mod.ts";
import { makePair, type PromptPair } from "../prompt_pair.ts";
import { COUNTRIES, SHARED_FACTS } from "./countries.ts";

/** Of the countries, every second one is asked for its capital. */
export const isCapitalPrompt = (country: number): boolean => country % 2 === 0;

/** Each shared fact is asked in two hops for a fifth of the countries. */
export const isTwoHopPrompt = (country: number, fact: number): boolean =>
  country % SHARED_FACTS.length === fact;

/** One question about all countries that it may be asked of. */
interface Question {
  ask(name: string): string;
  cases: { name: string; answer: string }[];
}

function questions(task: "capitals" | "two_hop"): Question[] {
  if (task === "capitals") {
    return [{
      ask: (name) => `The capital of ${name} is`,
      cases: COUNTRIES.filter((_, i) => isCapitalPrompt(i))
        .map(({ name, capital }) => ({ name, answer: capital })),
    }];
  }
  return SHARED_FACTS.map(({ fact, phrase }, f) => ({
    ask: (name) => `The country whose capital is ${name} ${phrase}`,
    cases: COUNTRIES.filter((_, i) => isTwoHopPrompt(i, f))
      .map((country) => ({ name: country.capital, answer: country[fact] })),
  }));
}

/**
 * Makes the pairs of `capitals` or `two_hop`: `simple` answers, read at the last token.
 * @param n largest number of pairs; there are 24 prompts about capitals and 48 of two hops
 * @throws Error naming a word that the tokenizer splits: only the models of this repository learned these words.
 */
export function madeUpFactPairs(
  task: "capitals" | "two_hop",
  tokenizer: Tokenizer,
  n: number,
  seed = 42,
): PromptPair[] {
  const random = new PythonRandom(seed);
  const single = (word: string) => requireSingleToken(tokenizer, " " + word, `${task} words`);
  const drawn = questions(task).flatMap(({ ask, cases }) =>
    cases.map(({ name, answer }) => {
      const other = random.choice(cases.filter((other) => other.answer !== answer));
      return { ask, name, answer, other };
    })
  );
  return random.shuffle(drawn).slice(0, n).map(({ ask, name, answer, other }, i) => {
    const subject = single(name);
    single(other.name);
    const pair = makePair(tokenizer, {
      cleanText: ask(name),
      corruptedText: ask(other.name),
      correct: [single(answer)],
      wrong: [single(other.answer)],
    }, `${task} prompt ${i}`);
    return { ...pair, marks: { SUBJECT: pair.clean.indexOf(subject), END: pair.position } };
  });
}
