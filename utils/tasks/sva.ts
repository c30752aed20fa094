/**
 * Subject–verb agreement: "The doctors near the guard" → a plural verb.
 *
 * 1. Shuffle the minimal pairs of each of the 15 structures (seeded) and take them in turn, one per
 *    structure, so that every structure has the same share.
 * 2. Keep the pairs with the same number of tokens in both prefixes. Each gives two prompts: singular
 *    clean and plural corrupted, and the other way round.
 * 3. Shuffle all prompts and keep the first n.
 *
 * Answers are the verbs of the list that are single tokens after a space: those that agree with the
 * clean subject are correct, those of the other number wrong.
 */
import type { Tokenizer } from "../model/mod.ts";
import { isEncodable, makePair, type PromptPair } from "./prompt_pair.ts";
import { PythonRandom } from "../base/mod.ts";
import { type MinimalPair, SVA_STRUCTURES } from "./sva_structures.ts";
import { ANSWER_VERBS } from "./words/mod.ts";

/** Yields the minimal pairs of all structures in seeded order, one structure after the other in turn. */
export function* svaMinimalPairs(
  random: PythonRandom,
): Generator<MinimalPair & { structure: string }> {
  const queues = Object.entries(SVA_STRUCTURES).map(([structure, pairs]) => ({
    structure,
    pairs: random.shuffle(pairs()),
  }));
  const longest = Math.max(...queues.map(({ pairs }) => pairs.length));
  for (let turn = 0; turn < longest; turn++) {
    for (const { structure, pairs } of queues) {
      if (turn < pairs.length) yield { ...pairs[turn], structure };
    }
  }
}

/**
 * Makes the pairs of the `sva` task, with groups of answers, read at the last token before the verb. Marks: END.
 * @param n largest number of pairs; there are fewer if the word lists give fewer that align
 * @throws Error if the tokenizer lacks all verbs of a number, or no minimal pair aligns.
 */
export function svaPairs(tokenizer: Tokenizer, n: number, seed = 42): PromptPair[] {
  const [singularIds, pluralIds] = [0, 1].map((number) =>
    ANSWER_VERBS.map((verb) => tokenizer.singleToken(" " + verb[number])).filter((id) =>
      id !== undefined
    )
  );
  if (singularIds.length === 0 || pluralIds.length === 0) {
    throw new Error(
      `sva: verbs must be single tokens, found ${singularIds.length} singular and ` +
        `${pluralIds.length} plural verbs in the vocabulary`,
    );
  }
  const random = new PythonRandom(seed);
  const kept: MinimalPair[] = [];
  for (const pair of svaMinimalPairs(random)) {
    if (2 * kept.length >= n) break;
    if (alignsIn(tokenizer, pair)) kept.push(pair);
  }
  if (kept.length === 0 && n > 0) {
    throw new Error(
      "sva: expected minimal pairs with the same number of tokens in singular and plural, found " +
        "no minimal pair; the tokenizer does not fit the word lists",
    );
  }
  const prompts = kept.flatMap(({ singular, plural }) => [
    { cleanText: singular, corruptedText: plural, correct: singularIds, wrong: pluralIds },
    { cleanText: plural, corruptedText: singular, correct: pluralIds, wrong: singularIds },
  ]);
  return random.shuffle(prompts).slice(0, n).map((text, i) => {
    const pair = makePair(tokenizer, text, `sva prompt ${i}`);
    return { ...pair, marks: { END: pair.position } };
  });
}

function alignsIn(tokenizer: Tokenizer, { singular, plural }: MinimalPair): boolean {
  return tokenizer.encode(singular).length === tokenizer.encode(plural).length &&
    isEncodable(tokenizer, singular) && isEncodable(tokenizer, plural);
}
