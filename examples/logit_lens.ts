// What would the model answer if it ended early? The most probable token before each layer and after the last.
import { HookedModel } from "../mod.ts";

const model = await HookedModel.load("pythia-nano");
const text = "Then, Alex and Anthony had a lot of fun at the school. Anthony gave a ring to";
const lens = await model.logitLens(text);
const [io, s] = [" Alex", " Anthony"].map((name) => model.toSingleToken(name));
for (let layer = 0; layer <= model.config.nLayers; layer++) {
  const logits = lens.slice(layer, 0);
  const difference = logits.slice(io).item() - logits.slice(s).item();
  const best = model.toText([logits.argmax().item()]);
  console.log(`before layer ${layer}: "${best}", Alex − Anthony ${difference.toFixed(2)}`);
}
