import { assertEquals } from "@std/assert";
import { firstDifference, prefixPast, sharedLength, splitPrompt } from "./shared_prefix.ts";
import { ARCHITECTURES, assertClose, smallModel } from "../../tests/support/circuit_cases.ts";

Deno.test("firstDifference() stops at the given end, so the read-out is never in the prefix", () => {
  assertEquals(firstDifference([1, 2, 3], [1, 2, 4], 3), 2);
  assertEquals(firstDifference([1, 2, 3], [1, 2, 4], 2), 2);
  assertEquals(firstDifference([1, 2, 3], [0, 2, 3], 3), 0);
  assertEquals(sharedLength({ clean: [1, 2, 3], corrupted: [1, 2, 3], position: 1 }), 1);
});

Deno.test("splitPrompt() ends at the read-out", () => {
  assertEquals(splitPrompt([5, 6, 7, 8, 9], 2, 3), { prefix: [5, 6], suffix: [7, 8] });
  assertEquals(splitPrompt([5, 6, 7], 0, 2), { prefix: [], suffix: [5, 6, 7] });
});

Deno.test("a suffix run after prefixPast() gives the logits of the whole prompt", async () => {
  for (const name of ["GPT-NeoX", "GPT-2"]) {
    const { model } = smallModel(ARCHITECTURES[name]);
    const prompts = [[3, 1, 4, 1, 5], [2, 7, 1, 8, 2]];
    const split = prompts.map((tokens) => splitPrompt(tokens, 2, 4));
    const past = await prefixPast(model, split.map(({ prefix }) => prefix));
    const suffix = await model.run(split.map(({ suffix }) => suffix), { past });
    const whole = await model.run(prompts);
    const [, P, d] = whole.residual.shape;
    prompts.forEach((_, n) =>
      assertClose(
        suffix.residual.data.subarray(n * 3 * d, (n + 1) * 3 * d),
        whole.residual.data.subarray((n * P + 2) * d, (n + 1) * P * d),
        2e-6,
        name,
      )
    );
    assertEquals(await prefixPast(model, [[], []]), undefined);
  }
});
