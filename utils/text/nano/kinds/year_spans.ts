/**
 * Spans of years: "The drought lasted from the year 1732 to the year 1758." The last year is uniform among the later
 * years of the same century, so the best prediction of its last two digits is an even spread over all larger numbers.
 * Only the first year of the span decides. Other years, of any century, may stand before it.
 */
import { chance, integer, pick, type Rng } from "../../random.ts";
import { GREATER_THAN_NOUNS } from "../../../tasks/mod.ts";
import { mark, sentence } from "../labels.ts";
import { OWN_EVENTS, THING_ADJECTIVES } from "../words/mod.ts";

/** Frames for any event; `[N]` noun phrase, `[X]` first year, `[Y]` last year. */
const FRAMES = [
  "The [N] went on from the year [X] to the year [Y]",
  "The [N] ran from the year [X] to the year [Y]",
  "The [N] started in the year [X] and ended in the year [Y]",
  "The [N] began in [X] and ended in [Y]",
  "The [N] lasted from [X] to [Y]",
  "From the year [X] to the year [Y], there was a [N]",
  "The king saw the [N] from the year [X] to the year [Y]",
  "Some people say that the [N] lasted from the year [X] to the year [Y]",
] as const;

/** The frame of the prompts, for events and noun phrases that the prompts do not have. */
const PROMPT_FRAME = "The [N] lasted from the year [X] to the year [Y]";

/** Sentences and phrases with a year that decides nothing. */
const OTHER_YEARS = [
  "The king was born in the year [Z].",
  "In the year [Z], it was very cold.",
  "A book of the year [Z] says this.",
  "The old house is from the year [Z].",
] as const;
const PHRASES = [
  "In a book of the year [Z], we read that the",
  "After the war of [Z], the",
  "As they said in [Z], the",
] as const;

const ADJECTIVES = [...THING_ADJECTIVES.slice(0, 4), "long", "second", "last", "great"];

const twoDigits = (year: number) => String(year).padStart(2, "0");
const year = (century: number, rest: number, role: string) => mark(century + twoDigits(rest), role);

/** One sentence with a first and a later last year, sometimes after a year that does not matter. */
export function yearSpan(rng: Rng): string {
  const century = integer(rng, 11, 19);
  const first = integer(rng, 0, 98);
  const last = integer(rng, first + 1, 99);
  let frame: string, noun: string;
  if (chance(rng, 0.5)) {
    frame = PROMPT_FRAME;
    noun = chance(rng, 0.4)
      ? pick(rng, OWN_EVENTS)
      : `${pick(rng, ADJECTIVES)} ${mark(pick(rng, GREATER_THAN_NOUNS), "event")}`;
  } else {
    frame = pick(rng, FRAMES);
    noun = mark(pick(rng, chance(rng, 0.2) ? OWN_EVENTS : GREATER_THAN_NOUNS), "event");
  }
  let span = frame.replace("[N]", noun)
    .replace("[X]", year(century, first, "first_year"))
    .replace("[Y]", year(century, last, "last_year"));
  const other = year(integer(rng, 11, 19), integer(rng, 0, 99), "other_year");
  let before = "";
  if (chance(rng, 0.2)) {
    before = `${sentence("other_year")}${pick(rng, OTHER_YEARS).replace("[Z]", other)} `;
  } else if (span.startsWith("The ") && chance(rng, 0.15)) {
    span = pick(rng, PHRASES).replace("[Z]", other) + span.slice("The".length);
  }
  return `${before}${sentence("span")}${span}.`;
}
