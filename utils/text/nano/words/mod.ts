/**
 * Word lists.
 * @module
 */
export { ALL_NAMES, HE_NAMES, pronounOf, SHE_NAMES } from "./people.ts";
export { DAYS, MONTHS, NUMBER_WORDS, ORDERED_LISTS, type OrderedList } from "./sequences.ts";
export {
  ANIMALS,
  article,
  OBJECTS,
  OWN_ANIMATE,
  OWN_EVENTS,
  OWN_INANIMATE,
  PERSON_ADJECTIVES,
  PLACES,
  ROLES,
  THING_ADJECTIVES,
} from "./things.ts";
