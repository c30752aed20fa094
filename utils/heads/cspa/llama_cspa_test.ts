/** CSPA of Llama-style models: RMSNorms, shared keys and values, norms after attention; capped logits are refused. */
import { assertAlmostEquals, assertRejects } from "@std/assert";
import { cspaScores } from "./cspa.ts";
import { FOLDED, HookedModel, Runtime } from "../../model/mod.ts";
import { llamaConfigOf, llamaSource } from "../../../tests/support/llama_model.ts";
import { randomTokens } from "../../../tests/support/random_model.ts";
import { plainCspa } from "../../../tests/oracle/plain_cspa.ts";

const runtime = new Runtime({ threads: 1 });
const DOCS = [1, 2, 3].map((seed) => randomTokens(9, 17, seed));
const OPTIONS = { evalDocs: 2, kUnembeddings: 0.4, functionWords: [3, 5] };

for (const family of ["qwen3", "gemma3_text", "olmo2"] as const) {
  Deno.test(`cspaScores() follows the definition on ${family}`, async () => {
    const config = llamaConfigOf(family, { attention_bias: true });
    const model = HookedModel.fromSource(llamaSource(config), { runtime, processing: FOLDED });
    const found = await cspaScores(model, DOCS, OPTIONS);
    for (const [layer, head] of [[0, 1], [1, 3]]) {
      const plain = await plainCspa(model, DOCS, { ...OPTIONS, layer, head });
      const i = layer * config.nHeads + head;
      assertAlmostEquals(found.ablated[i], plain.ablated, 2e-5 * plain.ablated);
      assertAlmostEquals(found.kept[i], plain.kept, 2e-5 * plain.kept);
    }
    model.close();
  });
}

Deno.test("cspaScores() refuses capped logits by name", async () => {
  const model = HookedModel.fromSource(llamaSource(llamaConfigOf("gemma2")), {
    runtime,
    processing: FOLDED,
  });
  await assertRejects(
    () => cspaScores(model, DOCS, OPTIONS),
    Error,
    "CSPA is not available for gemma2 models: they have capped logits",
  );
  model.close();
});
