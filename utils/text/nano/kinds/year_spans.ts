/**
 * Spans of years: "The drought lasted from the year 1732 to the year 1758." The last year is uniform among the later
 * years of the same century, so the best prediction of its last two digits is an even spread over all larger numbers.
 */
import { chance, integer, pick, type Rng } from "../../random.ts";
import { GREATER_THAN_NOUNS } from "../../../tasks/mod.ts";
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

const ADJECTIVES = [...THING_ADJECTIVES.slice(0, 4), "long", "second", "last", "great"];

function twoDigits(year: number): string {
  return String(year).padStart(2, "0");
}

/** One sentence with a first and a later last year. */
export function yearSpan(rng: Rng): string {
  const century = integer(rng, 11, 19);
  const first = integer(rng, 0, 98);
  const last = integer(rng, first + 1, 99);
  let frame: string, noun: string;
  if (chance(rng, 0.5)) {
    frame = PROMPT_FRAME;
    noun = chance(rng, 0.4)
      ? pick(rng, OWN_EVENTS)
      : `${pick(rng, ADJECTIVES)} ${pick(rng, GREATER_THAN_NOUNS)}`;
  } else {
    frame = pick(rng, FRAMES);
    noun = pick(rng, chance(rng, 0.2) ? OWN_EVENTS : GREATER_THAN_NOUNS);
  }
  const sentence = frame.replace("[N]", noun)
    .replace("[X]", century + twoDigits(first))
    .replace("[Y]", century + twoDigits(last));
  return `${sentence}.`;
}
