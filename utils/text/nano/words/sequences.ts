/** Ordered lists, as the successor score uses them; cyclic lists continue with their first word. */

/** One ordered list. */
export interface OrderedList {
  name: string;
  words: readonly string[];
  cyclic: boolean;
}

const list = (name: string, words: string, cyclic = false): OrderedList => ({
  name,
  words: words.split(" "),
  cyclic,
});

/** Whole numbers that are one token with a leading space. */
export const NUMBERS: OrderedList = {
  name: "numbers",
  words: Array.from({ length: 20 }, (_, i) => String(i + 1)),
  cyclic: false,
};

export const NUMBER_WORDS = list(
  "number_words",
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
    "eighteen nineteen twenty",
);

export const ORDINALS = list(
  "ordinals",
  "first second third fourth fifth sixth seventh eighth ninth tenth",
);

export const DAYS = list("days", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday", true);

export const MONTHS = list(
  "months",
  "January February March April May June July August September October November December",
  true,
);

export const LETTERS = list("letters", "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z");

export const NUMERALS = list("numerals", "I II III IV V VI VII VIII IX X");

/** Every ordered list of words that carry a leading space in running text. */
export const ORDERED_LISTS: readonly OrderedList[] = [
  NUMBERS,
  NUMBER_WORDS,
  ORDINALS,
  DAYS,
  MONTHS,
  LETTERS,
  NUMERALS,
];
