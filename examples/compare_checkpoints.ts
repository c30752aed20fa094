// Which heads write the answer, at two checkpoints? Direct logit attribution of every head.
import {
  allHeads,
  directLogitAttribution,
  headName,
  HookedModel,
  loadTask,
  NdTensor,
  readoutOf,
} from "../mod.ts";

for (const revision of Deno.args.length > 0 ? Deno.args : ["step1024", "step6144"]) {
  const model = await HookedModel.load("pythia-nano", { revision });
  const task = await loadTask("ioi", model.tokenizer, { n: 20 });
  const clean = task.prompts.map((prompt) => prompt.clean);
  const positions = task.prompts.map((prompt) => prompt.position);
  const effects = await directLogitAttribution(model, clean, positions, readoutOf(task));
  const heads = allHeads(model.config);
  const byHead = new NdTensor(effects, [heads.length, clean.length]).mean();
  const order = heads.map((head, i) => ({ name: headName(head), effect: byHead.data[i] }))
    .sort((a, b) => b.effect - a.effect).slice(0, 3);
  console.log(`${revision}: ${order.map((h) => `${h.name} ${h.effect.toFixed(2)}`).join(", ")}`);
}
