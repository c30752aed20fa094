import { assertEquals } from "@std/assert";
import { killTraining } from "../support/kill_train_transcoder.ts";

Deno.test("train_transcoder that is killed at four random moments leaves the same bytes", async () => {
  const { kills, rounds } = await killTraining(4, 7);
  assertEquals(kills, 4);
  assertEquals(rounds >= 1, true);
});
