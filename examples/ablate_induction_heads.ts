// What do induction heads do? Sets their outputs to zero and compares the loss on a text that repeats itself.
import { headsWhere, HookedModel, hookName, NdTensor, repeatedTokens } from "../mod.ts";
import { repeatedTokenScores } from "../mod.ts";

const half = 25, model = await HookedModel.load("pythia-nano");
const ids = [10, model.tokenizer.vocabSize - 1] as const;
const repeated = repeatedTokens({ batch: 4, half, ids });
const { induction } = await repeatedTokenScores(model, repeated);
const heads = headsWhere(model.config, (place) => induction[place] > 0.4);

const hooks = [...new Set(heads.map(([layer]) => layer))].map((layer) => ({
  at: hookName(layer, "attn.hook_z"),
  call: (z: NdTensor) =>
    heads.reduce((x, [l, head]) => l === layer ? x.with([null, null, head], 0) : x, z),
}));
const repetition = (losses: number[][]) =>
  NdTensor.from(losses).slice(null, [half, 2 * half - 1]).mean().mean().item().toFixed(2);
const before = repetition(await model.loss(repeated, { perToken: true }));
const after = repetition(await model.loss(repeated, { perToken: true, hooks }));
console.log(`${heads.length} heads; loss on the repetition ${before}, without them ${after}`);
