// Steers an answer: adds the difference of two prompts' residual streams at the last position while generating.
import { HookedModel, hookName, type NdTensor } from "../mod.ts";

const model = await HookedModel.load("pythia-nano");
const text = "Then, Alex and Anthony had a lot of fun at the school. Anthony gave a ring to";
const other = "Then, Alex and Anthony had a lot of fun at the school. Alex gave a ring to";
const at = hookName(3, "hook_resid_post");
const { hooks } = await model.run([text, other], { read: [at] });
const [from, to] = [0, 1].map((prompt) => hooks.get(at)!.slice(prompt, -1));

for (const strength of [0, 0.5, 1]) {
  const call = (x: NdTensor) => {
    const last = x.slice(0, -1);
    return x.with([0, -1], last.map((v, i) => v + strength * (to.data[i] - from.data[i])));
  };
  const { text: next } = await model.generate(text, { maxTokens: 1, hooks: [{ at, call }] });
  console.log(`strength ${strength}:${next}`);
}
