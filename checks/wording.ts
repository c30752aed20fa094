/**
 * Finds turns of phrase that read translated, in comments, messages and documentation.
 *
 * The list holds the worst of them, each with what an English-speaking engineer writes. `CONTRIBUTING.md` has the rules.
 *
 *     deno task check:wording
 */
import { walk } from "./source_files.ts";

/** A pattern, and what to write in its place. */
const PHRASES: readonly [RegExp, string][] = [
  [/\banew\b/i, "again, from scratch"],
  [/\b(?:are|is|be|look|looks|almost|all) alike\b/i, "equal, the same"],
  [/\bseldom\b/i, "rarely"],
  [/\bmend(?:s|ed|ing)?\b/i, "fix"],
  [/\b(?:is|are|was|were|be) told\b/i, "name the actor: warns, reports, tells A from B"],
  [/\btold (?:of|apart)\b/i, "name the actor: warns, reports, tells A from B"],
  [/, (?:of|by) (?:which|whose)\b/i, "split the sentence"],
  [/\bof whose\b/i, "split the sentence"],
  [
    /(?<!\b(?:there|what|why|where)) \b(?:is|are) no (?!longer\b|such\b|\w+er\b|more\b|less\b)[a-z]/i,
    "is not a",
  ],
  [/\b(?:has|have) not (?:a|an|the|any|its|their)\b/i, "does not have"],
  [/\bbehind (?:it|each|them|one another)\b/i, "after"],
  [/\b(?:stands?|lies?) (?:here|there|beside|behind)\b/i, "is"],
  [/\b(?:stands?|lies?) (?:in|on) (?!for\b|top\b)/i, "is in, is on"],
  [/\bwith what (?:is|it|they) (?:be|have)\b/i, "say it directly"],
];

/** Data, not prose: word lists, sentences that models read, and the examples of how not to write. */
const DATA =
  /^(?:utils\/tasks\/(?:words|made_up)|utils\/text\/nano\/(?:kinds|words)|checks)\/|^CONTRIBUTING\.md$/;

/** Phrases found in a text, as `line: "phrase" → advice`. */
export function phrasesIn(text: string): string[] {
  return text.split("\n").flatMap((line, i) =>
    PHRASES.flatMap(([pattern, advice]) => {
      const found = pattern.exec(line);
      return found ? [`${i + 1}: "${found[0].trim()}" → ${advice}`] : [];
    })
  );
}

/** Markdown of a notebook, line by line; other texts as they are. */
function prose(path: string, text: string): string {
  if (!path.endsWith(".ipynb")) return text;
  const { cells } = JSON.parse(text) as { cells: { cell_type: string; source: string[] }[] };
  return cells.filter((c) => c.cell_type === "markdown").map((c) => c.source.join("")).join("\n");
}

if (import.meta.main) {
  const files = await walk(new URL("../", import.meta.url), [".ts", ".md", ".ipynb", ".html"]);
  const faults = files.filter(({ path }) => !DATA.test(path)).flatMap(({ path, text }) =>
    phrasesIn(prose(path, text)).map((found) => `${path}:${found}`)
  );
  faults.forEach((fault) => console.error(fault));
  console.log(faults.length === 0 ? "wording: in order" : `wording: ${faults.length} phrases`);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
