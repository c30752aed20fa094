import { assertEquals, assertThrows } from "@std/assert";
import { planOf } from "./plan.ts";
import { transcoderSchema } from "./settings.ts";
import { llamaConfigOf } from "../../../tests/support/llama_model.ts";

Deno.test("planOf() reads what the family's MLP reads, and refuses by name what the family lacks", () => {
  const plan = (family: "gemma2" | "olmo2", settings: Record<string, unknown> = {}) =>
    planOf(
      transcoderSchema.parse({ context_size: 8, k: 4, ...settings }),
      llamaConfigOf(family),
    );
  const inputs = (family: "gemma2" | "olmo2") =>
    plan(family).taps.map(({ inputHook }) => inputHook);
  assertEquals(inputs("gemma2"), ["blocks.0.mlp.hook_in", "blocks.1.mlp.hook_in"]);
  assertEquals(inputs("olmo2"), ["blocks.0.hook_mlp_in", "blocks.1.hook_mlp_in"]);
  assertThrows(
    () => plan("olmo2", { hook_point: "blocks.{l}.ln2.hook_normalized" }),
    Error,
    "without a norm; expected blocks.{l}.hook_mlp_in",
  );
  assertThrows(() => plan("gemma2", { start: "mlp" }), Error, "MLPs with a gate");
});
