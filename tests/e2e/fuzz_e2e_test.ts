import { assertEquals } from "@std/assert";
import { fuzz } from "../support/fuzz/campaign.ts";
import { KINDS } from "../support/fuzz/kinds.ts";

Deno.test("every kind of file, damaged 200 times, opens or is refused by name in one line", async () => {
  const { cases, failures } = await fuzz(Object.keys(KINDS), 200, 3);
  assertEquals(failures, []);
  assertEquals(cases, 200 * Object.keys(KINDS).length);
});
