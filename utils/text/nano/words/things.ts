/** Places, objects, roles and adjectives of the corpus: those of the prompts, and others beside them. */
import { IOI_OBJECTS, IOI_PLACES, type NumberPair } from "../../../tasks/mod.ts";

export const PLACES: readonly string[] = [
  ...IOI_PLACES,
  ..."park market library kitchen beach church museum farm river bank hotel bridge".split(" "),
];

/** Objects that can be given away, each beginning with a consonant. */
export const OBJECTS: readonly string[] = [
  ...IOI_OBJECTS,
  ..."book letter picture card key box cake hat coat phone map flower bottle bag ticket pen cup gift"
    .split(" "),
];

/** Animate nouns that no agreement prompt uses, singular and plural. */
export const OWN_ANIMATE: readonly NumberPair[] = [
  ...[
    "chef",
    "nurse",
    "baker",
    "judge",
    "captain",
    "king",
    "queen",
    "boy",
    "girl",
    "brother",
    "sister",
  ]
    .map((noun) => [noun, noun + "s"] as const),
  ["man", "men"],
  ["woman", "women"],
  ["child", "children"],
];

/** Things that no agreement prompt uses, singular and plural. */
export const OWN_INANIMATE: readonly NumberPair[] = [
  "door",
  "flower",
  "tree",
  "chair",
  "clock",
  "ring",
  "computer",
  "bridge",
  "map",
  "key",
  "phone",
  "coat",
].map((noun) => [noun, noun + "s"] as const);

/** Animals of the plain prose. */
export const ANIMALS: readonly string[] = "dog cat horse bird fish".split(" ");

/** Adjectives of people. */
export const PERSON_ADJECTIVES: readonly string[] =
  "good great funny nice kind smart strong young old tall happy quiet".split(" ");

/** Adjectives of things. */
export const THING_ADJECTIVES: readonly string[] =
  "old new big small red blue green black white long good beautiful".split(" ");

/** Roles of the tag questions, each beginning with a consonant except those that take "an". */
export const ROLES: readonly string[] =
  "cook athlete friend person singer teacher student writer player driver doctor dancer neighbor worker"
    .split(" ");

/** Events with a first and a last year that no greater-than prompt uses. */
export const OWN_EVENTS: readonly string[] =
  "war drought famine festival crisis debate rebellion peace".split(" ");

/** "a" or "an", as the first letter of the next word asks. */
export function article(word: string): string {
  return /^[aeiou]/i.test(word) ? "an" : "a";
}
