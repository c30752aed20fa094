import { assertTypeChecks } from "../tests/support/notebooks.ts";

Deno.test("the code of the notebooks on transcoders passes the type checker", () =>
  assertTypeChecks([new URL("./walkthrough.ipynb", import.meta.url).pathname]));
