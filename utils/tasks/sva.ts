/**
 * Subject–verb agreement: "The doctors near the guard" → a plural verb.
 *
 * 1. Shuffle the minimal pairs of each of the 15 structures (seeded) and take them in turn, one per
 *    structure, so that every structure has the same share.
 * 2. Keep pairs whose two prefixes have equally many tokens. Each gives two prompts: the singular
 *    one clean and the plural corrupted, and the other way round.
 * 3. Shuffle all prompts, keep the first n.
 *
 * Answers: the verbs of the list that are one token after a space; correct are those that agree
 * with the clean subject, wrong those of the other number.
 */
import type { Tokenizer } from "../model/tokenizer.ts";
import { isEncodable, makePair, type PromptPair } from "./prompt_pair.ts";
import { PythonRandom } from "../base/python_random.ts";
import { type MinimalPair, SVA_STRUCTURES } from "./sva_structures.ts";
import { ANSWER_VERBS } from "./words/sva_words.ts";

/** Minimal pairs of every structure in seeded order, taken in turn, with the structure's name. */
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
 * The pairs of the `sva` task, in groups, read at the last token before the verb. Marks: END.
 * @param n at most this many; fewer if the word lists give no more that align
 * @throws Error if the tokenizer lacks verbs of a number, or no minimal pair aligns.
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
    throw new Error("sva: no minimal pair has the same number of tokens in singular and plural");
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
