/**
 * The fuzzer: every kind of file that the project reads, damaged by a seed.
 *
 *   deno task fuzz [mutations=2000] [seed=1] [part of a kind's name]
 *   deno task fuzz 2000 1 tokenizer.json 17     reads case 17 once and shows the error
 */
import { fuzz } from "./campaign.ts";
import { KINDS } from "./kinds.ts";
import { showCase } from "./show_case.ts";

const [mutations = "2000", seed = "1", part = "", number] = Deno.args;
const kinds = Object.keys(KINDS).filter((name) => name.includes(part));
if (number !== undefined) {
  for (const kind of kinds) await showCase(kind, Number(seed), Number(number));
} else {
  const { cases, failures } = await fuzz(kinds, Number(mutations), Number(seed), console.log);
  for (const { kind, number, reason } of failures) {
    console.log(`\n${kind}, case ${number}: ${reason}`);
  }
  console.log(`\n${kinds.length} kinds, ${cases} files, ${failures.length} failures`);
  Deno.exit(failures.length > 0 ? 1 : 0);
}
