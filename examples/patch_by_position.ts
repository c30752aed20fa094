// At which layer and position does the residual stream carry the answer? Patches it from the corrupted prompt.
import { HookedModel, hookName, loadTask, NdTensor, readoutOf } from "../mod.ts";

const model = await HookedModel.load("pythia-nano");
const task = await loadTask("ioi", model.tokenizer, { n: 1 });
const [{ clean, corrupted, position }] = task.prompts;
const { cache } = await model.runWithCache([corrupted], "blocks.*.hook_resid_pre");
const [whole] = await model.metric([clean], [position], readoutOf(task));
console.log(`clean logit difference ${whole.toFixed(2)}; changes by layer:`);

const tokens = model.toStringTokens(clean);
for (let p = 0; p <= position; p++) {
  const changes: string[] = [];
  for (let layer = 0; layer < model.config.nLayers; layer++) {
    const hook = hookName(layer, "hook_resid_pre"), value = cache.get(hook)!;
    const mask = new NdTensor(new Uint8Array(clean.length), [1, clean.length, 1]).with([0, p], 1);
    const patches = [{ hook, value, mask }];
    const [patched] = await model.metric([clean], [position], readoutOf(task), { patches });
    changes.push((patched - whole).toFixed(2).padStart(7));
  }
  console.log(`${String(p).padStart(2)} ${tokens[p].padEnd(10)} ${changes.join(" ")}`);
}
