/** Reads and makes the `config.yaml` of a circuit-tracer set. */
import { z } from "zod";
import { type Coder, coderName } from "../coder.ts";
import { splitHook } from "../splices/mod.ts";
import { keptMetadata, modelName } from "./format.ts";
import type { JsonObject } from "./reading.ts";

/** Schema of the fields that a reader needs; other fields are kept. */
export const setConfigSchema: z.ZodType<SetConfig> = z.looseObject({
  model_kind: z.enum(["transcoder_set", "cross_layer_transcoder"]),
  feature_input_hook: z.string(),
  feature_output_hook: z.string(),
  model_name: z.string().optional(),
  activation: z.string().optional(),
  k: z.int().positive().optional(),
});

/** The fields of `config.yaml`. */
export interface SetConfig {
  /** per layer, or cross-layer */
  model_kind: "transcoder_set" | "cross_layer_transcoder";
  /** hook point that the coders read, without the layer */
  feature_input_hook: string;
  /** hook point that the coders give, without the layer */
  feature_output_hook: string;
  /** the model */
  model_name?: string;
  /** relu, jump_relu or topk; thresholds in the files decide first */
  activation?: string;
  /** for topk */
  k?: number;
}

const ACTIVATIONS = { relu: "relu", topk: "topk", batchtopk: "jump_relu", jumprelu: "jump_relu" };

/** Returns the configuration of a set, and how the set will differ. @throws Error naming what a set cannot express. */
export function setConfig(coders: readonly Coder[]): { config: JsonObject; notes: string[] } {
  const first = coders[0]?.config;
  if (!first) throw new Error("circuit-tracer: a set needs at least one coder");
  const notes: string[] = [];
  const hooks = setHooks(first);
  for (const [i, { config }] of coders.entries()) {
    const refuse = (why: string): never => {
      throw new Error(`${coderName(config)} cannot be in a circuit-tracer set: ${why}`);
    };
    if (config.layer !== i) refuse(`its layer is ${config.layer}; expected ${i}, layers from 0 on`);
    if (config.kind !== first.kind || config.kind === "sae") refuse(`it is a ${config.kind}`);
    if (config.head !== undefined) refuse("it is for one head");
    if (config.features !== first.features) refuse(`the first coder has ${first.features}`);
    const own = setHooks(config);
    if (own.input !== hooks.input || own.output !== hooks.output) {
      refuse(`the first coder has the hook points ${hooks.input} and ${hooks.output}`);
    }
    if (JSON.stringify(config.activation) !== JSON.stringify(first.activation)) {
      const { activation } = config;
      if (activation.name !== "batchtopk" || first.activation.name !== "batchtopk") {
        refuse(`its activation is not that of the first coder, ${first.activation.name}`);
      }
    }
    if (config.inputConvention === "folded") notes.push(convention(config.inputHook, refuse));
  }
  const { activation } = first;
  if (activation.name === "topk" && !activation.signed) {
    notes.push(
      "circuit-tracer keeps negative values among the k largest, where these coders set them to 0: the two differ where " +
        "fewer than k pre-activations are positive",
    );
  }
  const { k: _, ...kept } = keptMetadata(first, "circuit-tracer");
  const config = {
    ...kept,
    model_name: modelName(first) ?? "unknown",
    model_kind: first.kind === "cross_layer" ? "cross_layer_transcoder" : "transcoder_set",
    feature_input_hook: hooks.input,
    feature_output_hook: hooks.output,
    ...(first.kind === "cross_layer" ? {} : { activation: ACTIVATIONS[activation.name] }),
    ...(activation.name === "topk" ? { k: activation.k } : {}),
  };
  return { config, notes: [...new Set(notes)] };
}

/** Returns the hook points without the layer. A folded `mlp.hook_in` is the bare normalised vector. */
function setHooks({ inputHook, outputHook, inputConvention }: Coder["config"]) {
  const input = splitHook(inputHook)?.point ?? inputHook;
  const bare = inputConvention === "folded" && input === "mlp.hook_in";
  return {
    input: bare ? "ln2.hook_normalized" : input,
    output: splitHook(outputHook)?.point ?? outputHook,
  };
}

function convention(hook: string, refuse: (why: string) => never): string {
  if (!/ln2\.hook_normalized$|mlp\.hook_in$/.test(hook)) {
    refuse(`it reads "${hook}" of a folded model, and circuit-tracer runs models unprocessed`);
  }
  return "the coders were trained on a model with centred outputs: in circuit-tracer's unprocessed model their outputs lack " +
    "a multiple of the all-ones vector, which every LayerNorm removes";
}
