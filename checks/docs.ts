/**
 * Lints the documentation of every door, the package's own included: each exported symbol has a doc comment, and names no type that is private.
 *
 * Deno's linter treats zod's types, and schemas that `z.output` refers to, as private. Those findings are dropped: a type
 * inferred from a schema is written down once, in the schema.
 *
 *     deno task check:doc
 */
import { fromFileUrl } from "@std/path";
import { walk } from "./source_files.ts";

/** One finding of `deno doc --lint`, with the source line that it quotes. */
export interface Finding {
  rule: string;
  message: string;
  /** file, line and column */
  place: string;
  /** the quoted source */
  source: string;
}

const ZOD_TYPES = new Set(["output", "input", "ZodType", "ZodObject", "ZodRecord"]);

/** Reads the findings in the linter's output; colours must be off. */
export function findingsIn(output: string): Finding[] {
  return output.split(/^(?=error\[)/m).flatMap((block) => {
    const head = /^error\[([\w-]+)\]: (.*)\n\s*--> (.*)\n/.exec(block);
    if (!head) return [];
    const source = /^\s*\d+ \| (.*)$/m.exec(block)?.[1] ?? "";
    return [{ rule: head[1], message: head[2], place: head[3], source }];
  });
}

/** Whether a finding is about a type that is inferred from a zod schema. */
export function comesFromSchema({ rule, message, source }: Finding): boolean {
  const named = /references private type '([^']+)'/.exec(message)?.[1];
  if (rule === "private-type-ref") {
    return ZOD_TYPES.has(named ?? "") || /\bz\.(?:output|infer|input)</.test(source);
  }
  return rule === "missing-explicit-type" && /\bz\.|[Ss]chema\b/.test(source);
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  const doors = (await walk(root, ["mod.ts"])).map(({ path }) => path)
    .filter((path) =>
      /^utils\/[^/]+\/mod\.ts$/.test(path) || path === "plotting/page/mod.ts" ||
      path === "mod.ts"
    );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...doors],
    cwd: fromFileUrl(root),
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const findings = findingsIn(output);
  const reported = /Found (\d+) documentation lint errors?/.exec(output)?.[1];
  const expected = reported ?? (output.includes(`Checked ${doors.length} files`) ? "0" : "none");
  if (String(findings.length) !== expected) {
    console.error(output.trim());
    console.error(`docs: read ${findings.length} findings, the linter reports ${expected}`);
    Deno.exit(1);
  }
  const faults = findings.filter((finding) => !comesFromSchema(finding));
  for (const { message, place } of faults) console.error(`${place}: ${message}`);
  console.log(faults.length === 0 ? "docs: in order" : `docs: ${faults.length} faults`);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
