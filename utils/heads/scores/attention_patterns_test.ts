import { assert, assertEquals } from "@std/assert";
import { HookedModel } from "../../model/mod.ts";
import { attentionPatterns, patternBytes } from "./attention_patterns.ts";

Deno.test("attentionPatterns() gives each pattern of runs of one prompt alone, rounded to 1/255", async () => {
  const model = await HookedModel.load("pythia-nano");
  const { nLayers, nHeads } = model.config;
  const prompts = ["Then, Alex and Anthony", "Anthony gave a ring to Alex"]
    .map((text) => model.toTokens(text));
  const found = await attentionPatterns(model, prompts);
  for (const [i, tokens] of prompts.entries()) {
    const n = tokens.length;
    assertEquals(found[i].length, patternBytes(model.config, n));
    const { cache } = await model.runWithCache([tokens], "blocks.*.attn.hook_pattern");
    let at = 0;
    for (let layer = 0; layer < nLayers; layer++) {
      const pattern = cache.get(`blocks.${layer}.attn.hook_pattern`)!;
      for (let head = 0; head < nHeads; head++) {
        for (let q = 0; q < n; q++) {
          for (let k = 0; k <= q; k++) {
            const exact = pattern.slice(0, head, q, k).item();
            assert(Math.abs(found[i][at++] / 255 - exact) <= 0.5 / 255 + 1e-6);
          }
        }
      }
    }
  }
  model.close();
});
