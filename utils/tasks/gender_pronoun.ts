/**
 * Gender-pronoun prompts: "So Mary is such a good cook, isn't" → she (Mathwin et al. 2023).
 *
 * 1. Keep the names that are single tokens and pair every name with every sentence frame.
 * 2. For the corrupted prompt, draw a name of the other gender at random.
 * 3. Shuffle and keep the first n. There are at most 20 names × 5 frames = 100 prompts.
 */
import { requireSingleToken, type Tokenizer } from "../model/mod.ts";
import { makePair, type PromptPair } from "./prompt_pair.ts";
import { PythonRandom } from "../base/mod.ts";
import { FEMALE_NAMES, GENDER_FRAMES, MALE_NAMES } from "./words/mod.ts";

/**
 * Makes the pairs of the `gender_pronoun` task: `simple` answers (the clean name's pronoun against the
 * other), read at the last token. Marks: NAME, END.
 * @param n largest number of pairs; there may be fewer
 * @throws Error if the tokenizer lacks the pronouns, or all names of a gender.
 */
export function genderPronounPairs(tokenizer: Tokenizer, n: number, seed = 42): PromptPair[] {
  const oneToken = (name: string) => tokenizer.singleToken(" " + name) !== undefined;
  const genders = [
    { names: FEMALE_NAMES.filter(oneToken), pronoun: " she" },
    { names: MALE_NAMES.filter(oneToken), pronoun: " he" },
  ].map((gender) => ({
    ...gender,
    id: requireSingleToken(tokenizer, gender.pronoun, "gender_pronoun answers"),
  }));
  const [female, male] = genders;
  if (female.names.length === 0 || male.names.length === 0) {
    throw new Error(
      `gender_pronoun: names must be single tokens, found ${female.names.length} female and ` +
        `${male.names.length} male names in the vocabulary`,
    );
  }
  const random = new PythonRandom(seed);
  const drawn = GENDER_FRAMES.flatMap((frame) =>
    genders.flatMap((own, g) => {
      const other = genders[1 - g];
      return own.names.map((name) => ({
        name,
        cleanText: frame.replace("[NAME]", name),
        corruptedText: frame.replace("[NAME]", random.choice(other.names)),
        correct: [own.id],
        wrong: [other.id],
      }));
    })
  );
  return random.shuffle(drawn).slice(0, n).map(({ name, ...text }, i) => {
    const pair = makePair(tokenizer, text, `gender_pronoun prompt ${i}`);
    const NAME = pair.clean.indexOf(tokenizer.singleToken(" " + name)!);
    return { ...pair, marks: { NAME, END: pair.position } };
  });
}
