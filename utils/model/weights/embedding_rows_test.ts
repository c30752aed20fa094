import { assertEquals } from "@std/assert";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import { randomModel } from "../../../tests/support/random_model.ts";
import { HookedModel } from "../hooked_model.ts";

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`keepEmbeddingsOf() changes no number, for kept tokens or others: ${name}`, async () => {
    const prompts = [[3, 1, 4, 1], [5, 9]];
    const others = [[2, 6, 5], [3, 1, 4]];
    const [a, b] = [randomModel(config, 3), randomModel(config, 3)];
    const [plain, keeping] = [a, b].map(({ source }) => HookedModel.fromSource(source));
    await keeping.keepEmbeddingsOf(prompts.flat());
    assertEquals(await keeping.allLogits(prompts), await plain.allLogits(prompts));
    assertEquals(b.loads(), a.loads());
    // Tokens that were not kept cost one more read of the embedding.
    assertEquals(await keeping.allLogits(others), await plain.allLogits(others));
    assertEquals(b.loads(), a.loads() + 1);
    plain.close();
    keeping.close();
  });
}
