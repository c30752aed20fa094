import { headMask, HookedModel, loadTask, readoutOf } from "../mod.ts";

const model = await HookedModel.load("pythia-nano", { revision: "step6144" });
const task = await loadTask("ioi", model.tokenizer, { n: 1 });
const [{ clean, corrupted, position }] = task.prompts;
const hook = "blocks.1.attn.hook_z";
const value = (await model.run([corrupted], { read: [hook] })).hooks.get(hook)!;
const patches = [{ hook, value, mask: headMask(value, [4]) }];
const [before] = await model.metric([clean], [position], readoutOf(task));
const [after] = await model.metric([clean], [position], readoutOf(task), { patches });
console.log(`logit difference ${before.toFixed(2)}, with a1.h4 corrupted ${after.toFixed(2)}`);
