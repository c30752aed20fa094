/** The code of all notebooks passes the type checker; one run of the checker for all, since starting it takes longest. */
import { assert } from "@std/assert";
import { filesBelow } from "../../utils/base/mod.ts";
import { assertTypeChecks } from "../support/notebooks.ts";

const ROOMS = ["ioi_baselines", "transcoder_circuits"];

Deno.test("the code of the notebooks passes the type checker", async () => {
  const paths = await Promise.all(
    ROOMS.map((room) =>
      filesBelow(
        new URL(`../../${room}`, import.meta.url).pathname,
        (name) => name.endsWith(".ipynb"),
      )
    ),
  );
  for (const found of paths) assert(found.length >= 2);
  await assertTypeChecks(paths.flat());
});
