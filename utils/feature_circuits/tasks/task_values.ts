/**
 * What features and errors are worth on the prompts of a task:
 *
 *  1. One pass over the clean prompts and one over the corrupted ones, coders beside the MLPs.
 *  2. The ablated value of a node is its mean over the positions of its role in all corrupted prompts (`mean`), or 0 (`zero`).
 *  3. The effect of a node on a prompt is first order in its ablation, through the whole model:
 *
 *         effect = Σ over positions of the role  ⟨value − ablated value, ∂metric/∂value⟩
 *
 *     MLPs have the derivatives of their coders, errors are held. Attention patterns and LayerNorm scales move (except
 *     `frozen_scales.ts`), so a feature that only directs attention counts too. The value of an error is a vector. Source: attribution patching of features, Marks et al. (2403.19647).
 */
import { bucketBy, type HookedModel, hookName, type Readout } from "../../model/mod.ts";
import { type PromptPair, readoutRows } from "../../tasks/mod.ts";
import { type Coder, coderHook, coderName, coderSplice } from "../../transcoders/mod.ts";
import { frozenScales } from "../linear/mod.ts";
import { NodeSpace } from "./node_space.ts";
import { roleNames, rolesOf } from "./roles.ts";

/** The value that a node outside a circuit gets. */
export const ABLATIONS = ["mean", "zero"] as const;
/** Name of an ablation. */
export type Ablation = typeof ABLATIONS[number];

/** A task's prompts in a model with coders. */
export interface FeatureTask {
  /** the model */
  model: HookedModel;
  /** one coder per layer, none of them cross-layer */
  coders: readonly Coder[];
  /** clean and corrupted prompts */
  prompts: readonly PromptPair[];
  /** metric of each prompt */
  readout: Readout;
  /** what a node outside a circuit gets */
  ablation: Ablation;
}

/** Values and effects; see the header. N prompts, L layers. */
export interface TaskValues {
  /** the nodes */
  space: NodeSpace;
  /** role number of each position of each prompt */
  roles: Int32Array[];
  /** ablated activation of every feature node, 0 at errors, `[nodes]` */
  ablated: Float32Array;
  /** ablated error of each layer, `[roles, d]` */
  ablatedErrors: Float32Array[];
  /** metric of each clean prompt in the whole model, `[N]` */
  metric: Float32Array;
  /** effect of every node on every prompt, `[N, nodes]` */
  effects: Float32Array;
  /** activation of every feature node, summed over its positions, 0 at errors, `[N, nodes]` */
  masses: Float32Array;
}

/** Tokens of a prompt up to its read-out. */
export const readTokens = (ids: readonly number[], position: number) => ids.slice(0, position + 1);

/**
 * Measures values and effects; see the header.
 * @throws Error naming a coder that writes to several layers, or a layer without a coder.
 */
export async function taskValues(task: FeatureTask): Promise<TaskValues> {
  const { model, coders, prompts, readout, ablation } = task;
  checkPlain(task);
  const names = roleNames(prompts);
  const space = new NodeSpace(coders.map(({ config }) => config.features), names);
  const roles = prompts.map((p) => Int32Array.from(rolesOf(p), (role) => names.indexOf(role)));
  const d = model.config.dModel;
  const { ablated, ablatedErrors } = await ablatedValues(task, space, roles);
  if (ablation === "zero") {
    ablated.fill(0);
    ablatedErrors.forEach((errors) => errors.fill(0));
  }
  const metric = new Float32Array(prompts.length);
  const effects = new Float32Array(prompts.length * space.size);
  const masses = new Float32Array(effects.length);
  const splices = coders.map((coder) => coderSplice(coder, "with_error"));
  const freeze = frozenScales(coders);
  const acts = coders.map(({ config }) => coderHook(config, "hook_acts"));
  const errors = coders.map(({ config }) => coderHook(config, "hook_error"));
  for (const group of bucketBy(prompts, (p) => p.position, 32)) {
    const tokens = group.map((i) => readTokens(prompts[i].clean, prompts[i].position));
    const at = group.map((i) => prompts[i].position);
    const { hooks } = await model.run(tokens, { splices, read: [...acts, ...errors] });
    const rows = readoutRows(readout, group);
    const { values, gradients } = await model.gradients(tokens, at, rows, [...acts, ...errors], {
      splices,
      freeze,
    });
    const n = tokens[0].length;
    for (const [b, i] of group.entries()) {
      metric[i] = values[b];
      const base = i * space.size;
      for (const [layer, F] of space.features.entries()) {
        const a = hooks.get(acts[layer])!.data, da = gradients.get(acts[layer])!.data;
        const e = hooks.get(errors[layer])!.data, de = gradients.get(errors[layer])!.data;
        for (let p = 0; p < n; p++) {
          const role = roles[i][p], first = space.index(layer, role, 0);
          const from = (b * n + p) * F;
          for (let f = 0; f < F; f++) {
            const value = a[from + f];
            effects[base + first + f] += (value - ablated[first + f]) * da[from + f];
            masses[base + first + f] += value;
          }
          const row = (b * n + p) * d;
          let sum = 0;
          for (let j = 0; j < d; j++) {
            sum += (e[row + j] - ablatedErrors[layer][role * d + j]) * de[row + j];
          }
          effects[base + first + F] += sum;
        }
      }
    }
  }
  return { space, roles, ablated, ablatedErrors, metric, effects, masses };
}

/** Returns means over the positions of each role in all corrupted prompts. */
async function ablatedValues(
  { model, coders, prompts }: FeatureTask,
  space: NodeSpace,
  roles: readonly Int32Array[],
) {
  const d = model.config.dModel, R = space.roles.length;
  const ablated = new Float32Array(space.size);
  const ablatedErrors = coders.map(() => new Float32Array(R * d));
  const counts = new Float64Array(R);
  const splices = coders.map((coder) => coderSplice(coder, "observe"));
  const acts = coders.map(({ config }) => coderHook(config, "hook_acts"));
  const errors = coders.map(({ config }) => coderHook(config, "hook_error"));
  for (const group of bucketBy(prompts, (p) => p.position, 32)) {
    const tokens = group.map((i) => readTokens(prompts[i].corrupted, prompts[i].position));
    const { hooks } = await model.run(tokens, { splices, read: [...acts, ...errors] });
    const n = tokens[0].length;
    for (const [b, i] of group.entries()) {
      for (let p = 0; p < n; p++) {
        const role = roles[i][p];
        counts[role]++;
        for (const [layer, F] of space.features.entries()) {
          const first = space.index(layer, role, 0), row = b * n + p;
          const a = hooks.get(acts[layer])!.data, e = hooks.get(errors[layer])!.data;
          for (let f = 0; f < F; f++) ablated[first + f] += a[row * F + f];
          for (let j = 0; j < d; j++) ablatedErrors[layer][role * d + j] += e[row * d + j];
        }
      }
    }
  }
  for (const [layer, F] of space.features.entries()) {
    for (let role = 0; role < R; role++) {
      const first = space.index(layer, role, 0);
      for (let f = 0; f < F; f++) ablated[first + f] /= counts[role];
      for (let j = 0; j < d; j++) ablatedErrors[layer][role * d + j] /= counts[role];
    }
  }
  return { ablated, ablatedErrors };
}

function checkPlain({ model, coders }: FeatureTask): void {
  const { nLayers } = model.config;
  const wrong = coders.find(({ config }, layer) =>
    config.kind === "cross_layer" || config.layer !== layer ||
    config.outputHook !== hookName(layer, "hook_mlp_out")
  );
  if (coders.length === nLayers && !wrong) return;
  throw new Error(
    `a task's circuit needs one transcoder per layer (${nLayers}), in order, each giving its own layer's MLP output; found ` +
      (wrong ? coderName(wrong.config) : `${coders.length} coders`),
  );
}
