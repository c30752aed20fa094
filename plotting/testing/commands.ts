/** Lists the scripts of plotting/. */

/** The folder of the scripts. */
export const PLOTTING = new URL("../", import.meta.url);

/** Returns the file names of the scripts, in alphabetical order. */
export function commands(): string[] {
  return [...Deno.readDirSync(PLOTTING)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .filter((name) => Deno.readTextFileSync(new URL(name, PLOTTING)).includes("import.meta.main"))
    .sort();
}
