/**
 * Runs a prompt with changed features. What stays as in the clean run:
 *
 *     direct             patterns, all LayerNorm scales and all MLP outputs: the graph's own claim. Only direct effects pass,
 *                        and logits are those before a cap
 *     { upTo: l }        patterns, and the MLP outputs of layers 0 … l; the layers above answer. The last layer means direct
 *     frozen_attention   patterns
 *     free               nothing
 *     replaced           errors of the coders, which take the places of all MLPs; with patterns or without
 *
 * Where an MLP output is frozen, an intervention starts from the clean activation and a linear path answers to its input;
 * elsewhere it starts from what the coder reads then, so that `set` gives the value.
 *
 *  1. Take the clean stream before layer 0, once per list of interventions.
 *  2. Run the blocks one by one with the coders' splices, since what a cross-layer coder writes above is known only then.
 *  3. Unembed the last position.
 *
 * Source: circuit-tracer's `feature_intervention` (`constrained_layers`, `freeze_attention`). There a constraint makes every
 * intervention start from the clean activation, those above the constraint too.
 */
import {
  defineProgram,
  type F32,
  Graph,
  linear,
  repeatRows,
  Session,
  type SessionOptions,
  tensor,
} from "../../onnx/mod.ts";
import { capped, type HookedModel, hookName, type Past, type Patch } from "../../model/mod.ts";
import {
  decode,
  intervenedHook,
  intervenedSplice,
  type InterventionBase,
} from "../../transcoders/mod.ts";
import type { CleanPrompt } from "./clean_prompt.ts";
import { type Intervention, type LayerChange, layerChanges, noChange } from "./change.ts";

/** What stays as in the clean run; see the header. */
export type Frozen =
  | "direct"
  | "frozen_attention"
  | "free"
  | { upTo: number }
  | { replaced: "free" | "frozen_attention"; errors: "kept" | "dropped" };

/** Options of {@link intervene}. */
export interface InterveneOptions {
  /** what stays as in the clean run; default: frozen_attention, as circuit-tracer */
  frozen?: Frozen;
  /** also return pre-activations */
  preActivations?: boolean;
}

/** Results of a batch of runs. */
export interface Intervened {
  /** logits of the last position, `[batch, V]` */
  logits: F32;
  /** pre-activations of each layer, `[batch, n, F]`, before the layer's own interventions; if asked for */
  preActivations?: F32[];
  /** activations of each layer after the interventions, `[batch, n, F]`; if asked for */
  activations?: F32[];
}

interface UnembedSpec {
  d: number;
  V: number;
  bias: boolean;
  /** logits x become `cap·tanh(x/cap)` */
  cap?: number;
}

const unembedProgram = defineProgram(
  "intervention logits",
  ({ d, V, bias, cap }: UnembedSpec, options: SessionOptions) => {
    const g = new Graph();
    const b = bias ? g.input("b_U", [V]) : undefined;
    const logits = linear(g.input("x", ["rows", d]), g.input("W_U", [V, d]), true, b);
    return Session.compile({ logits: capped(logits, cap) }, {}, options);
  },
);

/** Returns the logits of rows after the final LayerNorm, `[rows, V]`; the linear ones, if asked for, without a cap. */
async function unembed(
  { runtime, weights, config }: HookedModel,
  x: F32,
  isLinear: boolean,
): Promise<F32> {
  const { W_U, b_U } = await weights.unembedding();
  const spec = {
    d: config.dModel,
    V: W_U.shape[0],
    bias: b_U !== undefined,
    cap: isLinear ? undefined : config.llama?.logitCap,
  };
  const session = await unembedProgram(runtime, spec);
  const { logits } = await session.run({ x, W_U, ...(b_U ? { b_U } : {}) });
  return logits;
}

/** What a run of all blocks is given. */
interface BlocksRun {
  /** stream before layer 0, `[batch, pos, d]` */
  embedded: F32;
  /** changes by layer */
  changes: readonly (LayerChange | undefined)[];
  frozen: Frozen;
  preActivations?: boolean;
  /** keys and values of earlier positions */
  past?: Past;
  /** whether to return keys and values */
  keysValues?: boolean;
}

/** What one layer has frozen. */
function freezing(frozen: Frozen, layer: number, layers: number) {
  const isDirect = frozen === "direct" ||
    typeof frozen === "object" && "upTo" in frozen && frozen.upTo >= layers - 1;
  const replaced = typeof frozen === "object" && "replaced" in frozen ? frozen : undefined;
  const given = isDirect || typeof frozen === "object" && "upTo" in frozen && layer <= frozen.upTo;
  const base: InterventionBase = replaced ? "replaced" : given ? "given" : "own";
  const free = frozen === "free" || replaced?.replaced === "free";
  return { base, scales: isDirect, patterns: !free, errors: replaced?.errors };
}

/** Runs all blocks on a batch, and unembeds the last position. */
export async function runBlocksIntervened(
  clean: CleanPrompt,
  { embedded, changes, frozen, preActivations = false, past, keysValues }: BlocksRun,
): Promise<Intervened & { past?: Past }> {
  const { model, coders } = clean, { config, runtime } = model;
  const L = config.nLayers, [batch, pos, d] = embedded.shape;
  const written = coders.map(({ config: { dOut, kind } }) =>
    kind === "cross_layer"
      ? tensor(new Float32Array(batch * pos * dOut), [batch, pos, dOut])
      : undefined
  );
  const found: Required<Pick<Intervened, "preActivations" | "activations">> = {
    preActivations: [],
    activations: [],
  };
  const layers: Past["layers"] = [];
  let residual = embedded, final: F32 | undefined;
  for (const [layer, coder] of coders.entries()) {
    const { base, scales, patterns, errors } = freezing(frozen, layer, L);
    const all = (value: F32) => repeatRows(value, batch);
    const patches: Patch[] = [];
    const patch = (hook: string, value: F32) => patches.push({ hook, value: all(value) });
    if (patterns) patch(hookName(layer, "attn.hook_pattern"), clean.patterns[layer]);
    if (scales) {
      for (const [point, values] of Object.entries(clean.scales)) {
        patch(hookName(layer, point), values[layer]);
      }
      if (layer === L - 1) patch("ln_final.hook_scale", clean.lnFinal);
    }
    const F = coder.config.features, change = changes[layer];
    const needed = change || preActivations || base !== "own" || written[layer];
    const error = errors === "dropped"
      ? tensor(new Float32Array(batch * pos * d), [batch, pos, d])
      : undefined;
    const splices = !needed ? [] : [intervenedSplice(coder, base, {
      ...(change ?? noChange(batch, pos, F)),
      written: written[layer],
      ...(base === "given"
        ? {
          given: all(clean.outputs[layer]),
          reference: all(clean.activations[layer]),
          input: all(clean.inputs[layer]),
        }
        : {}),
      ...(base === "replaced" ? { error: error ?? all(clean.errors[layer]) } : {}),
    })];
    const later = (coder.config.decoderLayers ?? []).slice(1);
    const read = [
      ...(preActivations ? ["hook_pre", "hook_acts"] as const : []),
      ...(later.length > 0 ? ["hook_decoded"] as const : []),
    ].map((point) => intervenedHook(layer, point));
    if (layer === L - 1) read.push("ln_final.hook_normalized");
    const result = await model.runBlocks(residual, {
      from: layer,
      to: layer + 1,
      splices,
      patches,
      read,
      past,
      keysValues,
    });
    residual = result.residual;
    if (keysValues) layers.push(...result.past!.layers);
    if (preActivations) {
      found.preActivations.push(result.hooks.get(intervenedHook(layer, "hook_pre"))!);
      found.activations.push(result.hooks.get(intervenedHook(layer, "hook_acts"))!);
    }
    for (const to of later) {
      const decoded = result.hooks.get(intervenedHook(layer, "hook_decoded"))!;
      const part = await decode(runtime, coder, decoded, { at: to - layer });
      const sum = written[to]!.data;
      for (let i = 0; i < sum.length; i++) sum[i] += part.data[i];
    }
    final = result.hooks.get("ln_final.hook_normalized");
  }
  const last = new Float32Array(batch * d);
  for (let b = 0; b < batch; b++) {
    const from = (b * pos + pos - 1) * d;
    last.set(final!.data.subarray(from, from + d), b * d);
  }
  const isDirect = freezing(frozen, L - 1, L).scales;
  const logits = await unembed(model, tensor(last, [batch, d]), isDirect);
  const length = (past?.length ?? 0) + pos;
  return {
    logits,
    ...(preActivations ? found : {}),
    ...(keysValues ? { past: { length, layers } } : {}),
  };
}

/**
 * Runs a prompt once per list of interventions, all lists in one batch; see the header. An empty list gives the clean run.
 * @throws Error naming a layer, position or feature that there is not.
 */
export async function intervene(
  clean: CleanPrompt,
  lists: readonly (readonly Intervention[])[],
  { frozen = "frozen_attention", preActivations }: InterveneOptions = {},
): Promise<Intervened> {
  const changes = layerChanges(clean, lists, { positions: clean.tokens.length });
  return await interveneAll(clean, lists.length, changes, { frozen, preActivations });
}

/**
 * Runs a prompt `batch` times with changes of all features of a layer at once, such as masks.
 * @param changes by layer; undefined where nothing changes
 */
export async function interveneAll(
  clean: CleanPrompt,
  batch: number,
  changes: readonly (LayerChange | undefined)[],
  { frozen = "frozen_attention", preActivations }: InterveneOptions = {},
): Promise<Intervened> {
  const embedded = repeatRows(clean.embedded, batch);
  return await runBlocksIntervened(clean, { embedded, changes, frozen, preActivations });
}
