/**
 * First names by the pronoun that later sentences use for them. The names of the indirect-object and pronoun prompts
 * are all here, together with names that no prompt uses.
 */
import { FEMALE_NAMES, IOI_NAMES, MALE_NAMES } from "../../../tasks/mod.ts";

/** Names of the indirect-object prompts that take " she". */
const FEMALE_IOI = (
  "Alice Amy Anna Crystal Elizabeth Emily Eva Georgia Jane Jennifer Jessica Kate Kelly Laura Lisa Madison Maria " +
  "Mary Michelle Rachel Rose Ruby Sarah Victoria"
).split(" ");

/** Names of the indirect-object prompts that take no pronoun here, since they serve both or read as surnames. */
const NEUTRAL = (
  "Alex Anderson Blake Carter Charlie Clark Cole Collins Crew Ford Grant Jamie Jordan Lewis Morgan Prince River Roman " +
  "Sullivan Taylor Warren"
).split(" ");

const EXTRA_FEMALE = "Helen Linda Nancy Betty Diana Emma Grace Clara".split(" ");
const EXTRA_MALE = "Tom Bob Harry Oliver Fred Sam Ben Tim".split(" ");

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)];

/** Names that take " she". */
export const SHE_NAMES = distinct([...FEMALE_IOI, ...FEMALE_NAMES, ...EXTRA_FEMALE]);

/** Names that take " he". */
export const HE_NAMES = distinct([
  ...IOI_NAMES.filter((name) => !FEMALE_IOI.includes(name) && !NEUTRAL.includes(name)),
  ...MALE_NAMES,
  ...EXTRA_MALE,
]);

/** Every name of the corpus, each once. */
export const ALL_NAMES = distinct([...IOI_NAMES, ...SHE_NAMES, ...HE_NAMES]);

const SHE = new Set(SHE_NAMES);
const HE = new Set(HE_NAMES);

/** "she", "he", or undefined for names that take no pronoun in the corpus. */
export function pronounOf(name: string): "she" | "he" | undefined {
  return SHE.has(name) ? "she" : HE.has(name) ? "he" : undefined;
}
