/**
 * Lists the ordered words of the successor score, and the word pairs that a tokenizer can express.
 *
 *  1. There are nine lists. Each also exists with a leading space and, apart from letters and numerals, with the first
 *     letters in the case that the list's first word does not have. Cyclic lists end with their first word again.
 *  2. A pair (word, next word) counts if both are exactly one token.
 *
 * `compat` gives the lists of the paper's `get_new_successor_head_scores_over_time.py` with their two slips: "XVII"
 * appears twice and "XVIII" is missing; digits, which have no case, count again as flipped. `corrected` fixes both.
 */
import type { Tokenizer } from "../../model/mod.ts";

/** Names of the versions of the lists. */
export const SUCCESSOR_LISTS = ["corrected", "compat"] as const;
/** Names a version of the lists. */
export type SuccessorLists = (typeof SUCCESSOR_LISTS)[number];

/** Holds an ordered list. */
export interface WordList {
  /** Name of the list and its variant. */
  name: string;
  /** Words in order; a cyclic list ends with its first word again. */
  words: readonly string[];
}

interface BaseList {
  name: string;
  words: string[];
  cyclic?: boolean;
  /** Whether to add variants with flipped capitals. */
  flipped: boolean;
}

const words = (text: string) => text.split(" ");

function baseLists(lists: SuccessorLists): BaseList[] {
  const numerals = words(
    "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX",
  );
  if (lists === "compat") numerals[17] = "XVII";
  return [
    {
      name: "numbers_1_200",
      words: Array.from({ length: 200 }, (_, i) => `${i + 1}`),
      flipped: lists === "compat",
    },
    {
      name: "number_words_1_20",
      words: words(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
          "eighteen nineteen twenty",
      ),
      flipped: true,
    },
    {
      name: "cardinal_words_1_10",
      words: words("first second third fourth fifth sixth seventh eighth ninth tenth"),
      flipped: true,
    },
    {
      name: "days",
      words: words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
      cyclic: true,
      flipped: true,
    },
    {
      name: "days_short",
      words: words("Mon Tue Wed Thu Fri Sat Sun"),
      cyclic: true,
      flipped: true,
    },
    {
      name: "months",
      words: words(
        "January February March April May June July August September October November December",
      ),
      cyclic: true,
      flipped: true,
    },
    {
      name: "months_short",
      words: words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
      cyclic: true,
      flipped: true,
    },
    { name: "letters", words: [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"], flipped: false },
    { name: "numerals", words: numerals, flipped: false },
  ];
}

/** Returns all lists with their variants, in the order of the original script. */
export function successorWordLists(lists: SuccessorLists = "corrected"): WordList[] {
  return baseLists(lists).flatMap(({ name, words, cyclic, flipped }) => {
    const whole = cyclic ? [...words, words[0]] : words;
    const variants: WordList[] = [{ name, words: whole }, {
      name: `space_${name}`,
      words: whole.map((word) => " " + word),
    }];
    if (!flipped) return variants;
    const other = withOtherCase(whole);
    return [...variants, { name: `inverted_capital_${name}`, words: other }, {
      name: `inverted_capital_space_${name}`,
      words: other.map((word) => " " + word),
    }];
  });
}

/** Changes first letters to the case that the first word does not have. */
function withOtherCase(list: readonly string[]): string[] {
  const lower = list[0][0] === list[0][0].toLowerCase();
  return list.map((word) =>
    (lower ? word[0].toUpperCase() : word[0].toLowerCase()) + word.slice(1)
  );
}

/** Holds the pairs of one list: `targets[i]` follows `inputs[i]`. */
export interface TokenPairs {
  /** Name of the list and its variant. */
  name: string;
  /** Token ids of the words. */
  inputs: number[];
  /** Token ids of the next words. */
  targets: number[];
}

/** Returns the token pairs of every list. Leaves out lists without a pair of single tokens. */
export function successorPairs(
  tokenizer: Tokenizer,
  lists: SuccessorLists = "corrected",
): TokenPairs[] {
  return successorWordLists(lists).map(({ name, words }) => {
    const ids = words.map((word) => tokenizer.singleToken(word));
    const pairs: TokenPairs = { name, inputs: [], targets: [] };
    for (let i = 0; i + 1 < ids.length; i++) {
      const [input, target] = [ids[i], ids[i + 1]];
      if (input === undefined || target === undefined) continue;
      pairs.inputs.push(input);
      pairs.targets.push(target);
    }
    return pairs;
  }).filter(({ inputs }) => inputs.length > 0);
}
