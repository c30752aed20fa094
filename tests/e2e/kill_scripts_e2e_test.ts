import { assertEquals } from "@std/assert";
import { killScript } from "../support/kill_scripts.ts";

for (const name of ["training", "heads", "download"]) {
  Deno.test(`${name}: killed at random moments, the script leaves the same bytes`, async () => {
    const { kills, rounds } = await killScript(name, 2, 7);
    assertEquals(kills, 2);
    assertEquals(rounds >= 1, true);
  });
}
