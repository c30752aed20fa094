import { assertEquals, assertThrows } from "@std/assert";
import { basename } from "@std/path";
import { z } from "zod";
import { UserError } from "../base/user_error.ts";
import { modelKeys } from "./model_keys.ts";
import { ModelRef } from "./model_ref.ts";

const ref = (settings: Record<string, unknown>) =>
  new ModelRef(z.object(modelKeys).parse(settings));

Deno.test("ModelRef.steps() refuses main for a model with steps: it would pass for step 0", () => {
  const error = assertThrows(() => ref({ ckpt_schedule: "main" }).steps(), UserError);
  assertEquals(error.exitCode, 2);
  assertEquals(error.message.includes("custom_schedule [6144]"), true, error.message);
});

Deno.test("custom_schedule replaces the schedule main, for steps and for weights", async () => {
  const both = ref({ ckpt_schedule: "main", custom_schedule: [64, 1] });
  assertEquals(both.steps(), [1, 64]);
  assertEquals(basename(await both.folder(64)), "step64");
});

Deno.test("modelKeys refuse an empty results folder", () => {
  assertEquals(z.object(modelKeys).safeParse({ results_dir: "" }).success, false);
});
