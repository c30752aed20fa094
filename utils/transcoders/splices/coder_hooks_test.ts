import { assertRejects, assertThrows } from "@std/assert";
import { coderConfig, randomCoder } from "../../../tests/support/coder_cases.ts";
import { smallConfig } from "../../../tests/support/random_model.ts";
import { setup } from "../../../tests/support/spliced_coder.ts";
import { FOLDED, type ModelConfig, type WeightProcessing } from "../../model/mod.ts";
import type { CoderConfig } from "../coder.ts";
import { checkFits } from "./coder_hooks.ts";
import { crossLayerReplacement, replacement } from "./replacement.ts";

const at = (hook: string) => `blocks.1.${hook}`;
const sae = (hook: string, width: number): Partial<CoderConfig> => ({
  kind: "sae",
  dIn: width,
  dOut: width,
  inputHook: at(hook),
  outputHook: at(hook),
});

function refused(
  changes: Partial<CoderConfig>,
  message: string,
  config: ModelConfig = smallConfig("gpt2"),
  processing: WeightProcessing = {},
) {
  const coder = coderConfig({ dIn: 12, dOut: 12, ...changes });
  assertThrows(() => checkFits(coder, { config, processing }), Error, message);
}

const fits = (changes: Partial<CoderConfig>, processing: WeightProcessing = {}) =>
  checkFits(coderConfig({ dIn: 12, dOut: 12, ...changes }), {
    config: smallConfig("gpt2"),
    processing,
  });

Deno.test("checkFits() names the hook point and width that the model does not have", () => {
  fits({});
  fits({ inputHook: at("hook_resid_mid") });
  refused({ dIn: 8 }, 'width 8 at "blocks.1.ln2.hook_normalized"; the model\'s is 12');
  refused(sae("mlp.hook_post", 12), "the model's is 20");
  refused(sae("attn.hook_z", 4), "the model's is 12");
  refused(
    { inputHook: "blocks.1.hook_nonsense" },
    'hook point "blocks.1.hook_nonsense" is not one',
  );
  refused({ inputHook: "hook_embed" }, 'hook point "hook_embed" is not one');
  refused(
    { layer: 2, inputHook: "blocks.2.mlp.hook_in", outputHook: "blocks.2.hook_mlp_out" },
    "the model has layers 0 … 1",
  );
  refused({ outputHook: "blocks.0.hook_mlp_out" }, "is not in the coder's layer 1");
  refused(
    { inputHook: at("hook_resid_mid") },
    "attention and MLP are parallel here",
    smallConfig("gpt_neox"),
  );
  refused(sae("ln2.hook_normalized", 12), "cannot be replaced");
  refused({ kind: "cross_layer", decoderLayers: [1, 2] }, "writes to layer 2");
});

Deno.test("checkFits() refuses heads that the model does not have, and heads of points without any", () => {
  fits({ ...sae("attn.hook_z", 4), head: 2 });
  refused(
    { ...sae("attn.hook_z", 4), head: 3 },
    'head 3 at "blocks.1.attn.hook_z": the model has heads 0 … 2',
  );
  refused({ ...sae("hook_mlp_out", 12), head: 0 }, "it has no heads");
});

Deno.test("checkFits() refuses what a processed model has lost", () => {
  const model = smallConfig("gpt2");
  refused({ inputHook: at("mlp.hook_in") }, "this model has folded LayerNorms", model, FOLDED);
  refused({ inputHook: at("hook_resid_mid") }, "has centred writing weights", model, FOLDED);
  refused(sae("attn.hook_z", 12), "has folded value biases", model, FOLDED);
  const folded = { inputConvention: "folded" } as const;
  refused({ ...sae("attn.hook_z", 12), ...folded }, "has unfolded value biases");
  refused(
    {},
    'is for "blocks.1.hook_mlp_out" of a raw model, but this model has centred',
    model,
    FOLDED,
  );
  fits(folded, FOLDED);
  fits({ inputHook: at("mlp.hook_in"), ...folded });
  fits({ inputHook: at("mlp.hook_in"), ...folded }, FOLDED);
  fits({ ...sae("attn.hook_z", 12), ...folded }, FOLDED);
});

Deno.test("replacement() and crossLayerReplacement() refuse sets that cannot run together", async () => {
  await using context = setup(smallConfig("gpt2"));
  const { model, prompts } = context;
  const one = randomCoder({ dIn: 12, dOut: 12 });
  const clt = randomCoder({ dIn: 12, dOut: 12, kind: "cross_layer", decoderLayers: [1] });
  const refuse = (coders: typeof one[], message: string) =>
    assertThrows(() => replacement(model, { coders }), Error, message);
  refuse([one, one], "layer 1 can take one coder");
  refuse([clt], "use crossLayerReplacement()");
  refuse([randomCoder()], "width 5");
  assertThrows(() => replacement(model, { zeros: ["hook_embed"] }), Error, '"hook_embed" to zero');
  await assertRejects(
    () => crossLayerReplacement(model, [clt], prompts),
    Error,
    "1 cross-layer coders; the model has 2 layers",
  );
  await assertRejects(
    () => crossLayerReplacement(model, [one, clt], prompts),
    Error,
    "expected the cross-layer coder of layer 0",
  );
});
