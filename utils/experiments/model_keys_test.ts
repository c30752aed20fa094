import { assertEquals, assertThrows } from "@std/assert";
import { basename } from "@std/path";
import { z } from "zod";
import { UserError } from "../base/user_error.ts";
import { checkpointFolder, modelKeys, trainingSteps } from "./model_keys.ts";

const config = (settings: Record<string, unknown>) => z.object(modelKeys).parse(settings);

Deno.test("trainingSteps() refuses main for a model with steps, whose step 0 it would be taken for", () => {
  const error = assertThrows(() => trainingSteps(config({ ckpt_schedule: "main" })), UserError);
  assertEquals(error.exitCode, 2);
  assertEquals(error.message.includes("custom_schedule [2560]"), true, error.message);
});

Deno.test("custom_schedule replaces the schedule main, steps and weights alike", async () => {
  const both = config({ ckpt_schedule: "main", custom_schedule: [64, 1] });
  assertEquals(trainingSteps(both), [1, 64]);
  assertEquals(basename(await checkpointFolder(both, 64)), "step64");
});

Deno.test("modelKeys refuse an empty results folder", () => {
  assertEquals(z.object(modelKeys).safeParse({ results_dir: "" }).success, false);
});
