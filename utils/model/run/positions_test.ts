import { assertEquals, assertThrows } from "@std/assert";
import type { ModelConfig } from "../config.ts";
import { Runtime } from "../runtime.ts";
import { checkPositions } from "./positions.ts";

Deno.test("checkPositions() refuses prompts far beyond the training of a model with rotary positions", () => {
  const runtime = new Runtime();
  const config = { architecture: "gpt_neox", maxPositions: 256 } as ModelConfig;
  const warned: string[] = [];
  runtime.warnOnce = (_, text) => void warned.push(text);
  checkPositions(256, config, runtime);
  assertEquals(warned, []);
  checkPositions(1024, config, runtime);
  assertEquals(warned.length, 1);
  assertThrows(() => checkPositions(20_000, config, runtime), Error, "expected at most 1024");
});
