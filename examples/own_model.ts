// Your own model: a folder in Hugging Face layout (GPT-2 or GPT-NeoX), with one sub-folder step{n} per checkpoint.
import { HookedModel, listLocalSteps, Runtime } from "../mod.ts";

const folder = Deno.args[0] ?? `${import.meta.dirname}/../models/pythia-nano-seed1`;
const text = Deno.args[1] ?? "Then, Alex and Anthony went to the school. Anthony gave a ring to";
const runtime = new Runtime();
for (const step of listLocalSteps(folder)) {
  const model = await HookedModel.load(folder, { revision: `step${step}`, runtime });
  const { text: next } = await model.generate(text, { maxTokens: 2 });
  console.log(`step ${step}: loss ${(await model.loss(text)).toFixed(2)}, then "${next}"`);
  model.close();
}
