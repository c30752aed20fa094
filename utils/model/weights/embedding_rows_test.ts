import { assertEquals } from "@std/assert";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import { randomModel } from "../../../tests/support/random_model.ts";
import { HookedModel } from "../hooked_model.ts";

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`keepEmbeddingsOf() changes no number, for kept tokens or others: ${name}`, async () => {
    const prompts = [[3, 1, 4, 1], [5, 9]];
    const others = [[2, 6, 5], [3, 1, 4]];
    const open = () => HookedModel.fromSource(randomModel(config, 3).source);
    const [plain, keeping] = [open(), open()];
    await keeping.keepEmbeddingsOf(prompts.flat());
    assertEquals(await keeping.allLogits(prompts), await plain.allLogits(prompts));
    assertEquals(keeping.store.reads, plain.store.reads);
    // Tokens that were not kept cost one more reading of the embedding.
    assertEquals(await keeping.allLogits(others), await plain.allLogits(others));
    assertEquals(keeping.store.reads, plain.store.reads + 1);
    plain.close();
    keeping.close();
  });
}
