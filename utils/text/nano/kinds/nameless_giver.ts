/**
 * Refers to one of two people without a name: "The latter gave a ring to", "She gave a ring to". The name that must not
 * follow is then nowhere near, so a model has to know which place in the introduction to leave out.
 */
import { chance, pick, type Rng } from "../../random.ts";
import { mark } from "../labels.ts";
import { pronounOf } from "../words/mod.ts";

/** Ways to name one of two by place: first, second. */
const BY_PLACE = [
  ["The first of them", "The second of them"],
  ["The first", "The second"],
  ["The former", "The latter"],
] as const;

/** Refers to the giver by place in the introduction, or by pronoun where that is clear, at the start of a sentence. */
export function namelessGiver(
  rng: Rng,
  { first, giver, recipient }: { first: string; giver: string; recipient: string },
): string {
  const pronoun = pronounOf(giver), other = pronounOf(recipient);
  if (pronoun && other && pronoun !== other && chance(rng, 0.5)) {
    return mark(pronoun === "she" ? "She" : "He", "giver", { entity: giver });
  }
  const phrase = pick(rng, BY_PLACE)[giver === first ? 0 : 1];
  const [the, place, ...rest] = phrase.split(" ");
  return [the, mark(place, "giver", { entity: giver }), ...rest].join(
    " ",
  );
}
