import { assertTypeChecks } from "../tests/support/notebooks.ts";

Deno.test("the code of the notebooks passes the type checker", () =>
  assertTypeChecks(
    ["ioi_circuit", "ioi_over_training"].map((name) =>
      new URL(`./${name}.ipynb`, import.meta.url).pathname
    ),
  ));
