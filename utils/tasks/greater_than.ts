/**
 * Greater-than prompts: "The war lasted from the year 1732 to the year 17" → 33 … 99
 * (Hanna, Liu & Variengien 2023).
 *
 * 1. Find the valid years from 1100 to 1799: " {year}" is two tokens, the century and two digits. Drop
 *    the first and the last valid year of each century, so that a right and a wrong two-digit year
 *    always remain.
 * 2. Draw all nouns (with replacement), then the years: the two digits run 2, 3, … 98, 2, 3, …, and
 *    each gets one of the centuries in which that year is valid.
 * 3. For the corrupted prompt, replace the two digits of the first year by 01.
 *
 * Answers are the tokens "00" … "99": those above the first year are correct, all others wrong.
 */
import { requireSingleToken, type Tokenizer } from "../model/mod.ts";
import { isEncodable, makePair, type PromptPair } from "./prompt_pair.ts";
import { PythonRandom } from "../base/mod.ts";
import { GREATER_THAN_NOUNS } from "./words/mod.ts";

const FIRST_YEAR = 1100;
const END_YEAR = 1800;
/** Range of the two digits of the first year, both ends included. */
const FIRST_YY = 2;
const LAST_YY = 98;

const twoDigits = (yy: number) => String(yy).padStart(2, "0");

/**
 * Returns the years that a prompt may begin with, ascending. In addition to the published rule, the
 * tokenizer must split the year 01 of the century in the same way, and the century alone must be the
 * same first token, because the prompts rely on both. For Pythia and GPT-2 this drops no more years.
 */
export function validYears(tokenizer: Tokenizer, first = FIRST_YEAR, end = END_YEAR): number[] {
  const years = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  const byCentury = Map.groupBy(
    years.filter((year) => splitsInTwo(tokenizer, year)),
    (year) => Math.floor(year / 100),
  );
  return [...byCentury].filter(([century]) => {
    const [head] = tokenizer.encode(` ${century}01`);
    return splitsInTwo(tokenizer, century * 100 + 1) &&
      tokenizer.singleToken(` ${century}`) === head;
  }).flatMap(([, valid]) => valid.slice(1, -1));
}

/**
 * Makes the pairs of the `greater_than` task, with groups of answers, read at the second century (the
 * last token). Marks: YY (the two digits of the first year), END.
 * @throws Error if the tokenizer leaves no valid year or no noun, or lacks a token for one of "00" … "99".
 */
export function greaterThanPairs(tokenizer: Tokenizer, n: number, seed = 42): PromptPair[] {
  const nouns = GREATER_THAN_NOUNS.filter((noun) => isEncodable(tokenizer, " " + noun));
  const yearsOf = Map.groupBy(validYears(tokenizer), (year) => year % 100);
  const usable = Array.from({ length: LAST_YY - FIRST_YY + 1 }, (_, i) => FIRST_YY + i)
    .filter((yy) => yearsOf.has(yy));
  if (nouns.length === 0 || usable.length === 0) {
    throw new Error(
      `greater_than: the tokenizer must split years such as " 1732" into a century and two digits, ` +
        `found ${usable.length} usable two-digit years and ${nouns.length} readable nouns`,
    );
  }
  const digits = Array.from(
    { length: 100 },
    (_, yy) => requireSingleToken(tokenizer, twoDigits(yy), "greater_than answers"),
  );
  const random = new PythonRandom(seed);
  const drawnNouns = random.choices(nouns, n);
  return drawnNouns.map((noun, i) => {
    const yy = usable[i % usable.length];
    const century = Math.floor(random.choice(yearsOf.get(yy)!) / 100);
    const sentence = (first: string) =>
      `The ${noun} lasted from the year ${century}${first} to the year ${century}`;
    const pair = makePair(tokenizer, {
      cleanText: sentence(twoDigits(yy)),
      corruptedText: sentence("01"),
      correct: digits.slice(yy + 1),
      wrong: digits.slice(0, yy + 1),
    }, `greater_than prompt ${i}`);
    return { ...pair, marks: { YY: pair.position - 4, END: pair.position } };
  });
}

function splitsInTwo(tokenizer: Tokenizer, year: number): boolean {
  const ids = tokenizer.encode(` ${year}`);
  return ids.length === 2 && tokenizer.decode([ids[1]]).length === 2 &&
    isEncodable(tokenizer, ` ${year}`);
}
