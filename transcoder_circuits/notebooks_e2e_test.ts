import { assertTypeChecks } from "../tests/support/notebooks.ts";

Deno.test("the code of the notebooks on transcoders passes the type checker", () =>
  assertTypeChecks(
    ["walkthrough", "greater_than"].map((name) =>
      new URL(`./${name}.ipynb`, import.meta.url).pathname
    ),
  ));
