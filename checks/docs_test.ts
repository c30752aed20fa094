import { assertEquals } from "@std/assert";
import { comesFromSchema, findingsIn } from "./docs.ts";

const OUTPUT = `error[missing-jsdoc]: exported symbol is missing JSDoc documentation
 --> utils/model/config.ts:3:1
  |
3 | export const LIMIT = 4;
  | ^

error[private-type-ref]: public type 'Entry' references private type 'output'
 --> utils/results/kinds/cspa.ts:20:1
   |
20 | export type Entry = z.output<typeof entry>;
   | ^
   = hint: make the referenced type public or remove the reference

error[private-type-ref]: public type 'run' references private type 'Plan'
 --> utils/model/run.ts:7:1
  |
7 | export function run(plan: Plan): void {
  | ^

error: Found 3 documentation lint errors.
`;

Deno.test("findingsIn() reads rule, place and quoted source of each finding", () => {
  const found = findingsIn(OUTPUT);
  assertEquals(found.map(({ rule, place }) => [rule, place]), [
    ["missing-jsdoc", "utils/model/config.ts:3:1"],
    ["private-type-ref", "utils/results/kinds/cspa.ts:20:1"],
    ["private-type-ref", "utils/model/run.ts:7:1"],
  ]);
  assertEquals(found[0].source, "export const LIMIT = 4;");
});

Deno.test("only findings about types inferred from schemas are dropped", () => {
  assertEquals(findingsIn(OUTPUT).map(comesFromSchema), [false, true, false]);
});
