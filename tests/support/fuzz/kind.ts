/** What a kind of file is to the fuzzer. */
import type { Mutate } from "./mutations.ts";

/** A kind of file. */
export interface FuzzKind {
  /** the file to damage, relative to the folder */
  file: string;
  /** Makes good files in the folder. */
  make(folder: string): Promise<void>;
  /** Damages the bytes of the file. */
  mutate: Mutate;
  /** Reads the file as the project does, and uses all that it says. */
  read(folder: string): Promise<unknown>;
}

/** Files of the reference, by their path from `tests/reference`. */
export const REFERENCE = new URL("../../reference/", import.meta.url).pathname;
