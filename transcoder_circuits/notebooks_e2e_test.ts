import { assertTypeChecks } from "../tests/support/notebooks.ts";

const NAMES = [
  "walkthrough",
  "greater_than",
  "sweep",
  "interp_comparison",
  "citations",
  "caught",
  "local_context",
  "restricted_blind",
];

Deno.test("the code of the notebooks on transcoders passes the type checker", () =>
  assertTypeChecks(NAMES.map((name) => new URL(`./${name}.ipynb`, import.meta.url).pathname)));
