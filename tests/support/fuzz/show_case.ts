/** Makes one case of the fuzzer again. */
import { join } from "@std/path";
import { hashText, rngFor } from "../../../utils/text/random.ts";
import { KINDS } from "./kinds.ts";

/** Prints what reading a case does; leaves its files. */
export async function showCase(name: string, seed: number, number: number): Promise<void> {
  const kind = KINDS[name];
  const folder = await Deno.makeTempDir({ prefix: "fuzz-" });
  await kind.make(folder);
  const path = join(folder, kind.file);
  const rng = rngFor(seed, hashText(name), number);
  await Deno.writeFile(path, kind.mutate(rng, await Deno.readFile(path)));
  console.log(`${name}, case ${number}: ${path}`);
  await kind.read(folder).then(() => console.log("opens"), (error) => console.log(error));
}
