// Draws where each head of a layer attends, as an SVG: deno run -A examples/attention_picture.ts attention.svg
import { attentionPicture, HookedModel } from "../mod.ts";

const [file = "attention.svg", layer = "3"] = Deno.args;
const text = "Then, Alex and Anthony had a lot of fun at the school. Anthony gave a ring to";
const model = await HookedModel.load("pythia-nano");
const { cache } = await model.runWithCache(text, `blocks.${layer}.attn.hook_pattern`);
const [pattern] = cache.values();
const tokens = model.toStringTokens(text);
await Deno.writeTextFile(file, attentionPicture(pattern, tokens));

for (let head = 0; head < model.config.nHeads; head++) {
  const row = pattern.slice(0, head, -1);
  const at = row.argmax().item();
  console.log(`a${layer}.h${head} looks at "${tokens[at]}" (${row.slice(at).item().toFixed(2)})`);
}
