/**
 * Edge scores computed the plain way, in double precision: whole prompts one by one, the gradient at every destination's
 * own copy of the residual stream at every path point, and one contraction per source, destination and point.
 */
import type { Readout } from "../../utils/model/blocks/embedding.ts";
import type { HookedModel } from "../../utils/model/hooked_model.ts";
import { tensor } from "../../utils/onnx/mod.ts";
import type { PromptPair } from "../../utils/tasks/prompt_pair.ts";
import { LETTERS } from "../../utils/names/nodes.ts";
import { nBackward, nForward, prevIndex } from "../../utils/circuits/graph/graph.ts";
import { readoutRows } from "../../utils/tasks/prompt_batches.ts";
import type { PathPoint } from "../../utils/circuits/attribution/quadrature.ts";

/** Returns the outputs `[P, d]` of all sources on one prompt. */
async function sources(model: HookedModel, tokens: number[]): Promise<Float32Array[]> {
  const { nLayers, nHeads: H, dModel: d } = model.config;
  const layers = Array.from({ length: nLayers }, (_, l) => `blocks.${l}`);
  const points = layers.flatMap((b) => [`${b}.attn.hook_result`, `${b}.hook_mlp_out`]);
  const { hooks } = await model.run([tokens], { read: ["hook_embed", ...points] });
  const head = (all: Float32Array, h: number) => {
    const own = new Float32Array(tokens.length * d);
    tokens.forEach((_, p) => own.set(all.subarray((p * H + h) * d, (p * H + h + 1) * d), p * d));
    return own;
  };
  return [
    hooks.get("hook_embed")!.data,
    ...layers.flatMap((b) => {
      const results = hooks.get(`${b}.attn.hook_result`)!.data;
      const heads = Array.from({ length: H }, (_, h) => head(results, h));
      return [...heads, hooks.get(`${b}.hook_mlp_out`)!.data];
    }),
  ];
}

/** Returns the token embedding at α of the way from corrupted to clean. */
function interpolated(clean: Float32Array, corrupted: Float32Array, alpha: number): Float32Array {
  return clean.map((x, i) => x + (1 - alpha) * (corrupted[i] - x));
}

/** Scores of one prompt at one path point. */
export interface PlainScores {
  /** `[nForward · nBackward]`, of the loss, without the weight of the point */
  scores: Float64Array;
  /** keys of all layers in the run at this path point, `[P, H, d_head]` each */
  keys: Float32Array[];
}

/** Returns the scores of one prompt at each path point. */
export async function plainScores(
  model: HookedModel,
  { clean, corrupted, position }: PromptPair,
  readout: Readout,
  points: readonly PathPoint[],
): Promise<PlainScores[]> {
  const { nLayers, nHeads: H, dModel: d } = model.config;
  const shape = model.config, columns = nBackward(shape);
  const tokens = clean.slice(0, position + 1);
  const before = await sources(model, tokens);
  const after = await sources(model, corrupted.slice(0, position + 1));
  const layers = Array.from({ length: nLayers }, (_, l) => `blocks.${l}`);
  const last = `blocks.${nLayers - 1}.hook_resid_post`;
  const inputs = layers.flatMap((b) => [
    ...LETTERS.map((letter) => `${b}.hook_${letter}_input`),
    `${b}.hook_mlp_in`,
  ]);
  const results: PlainScores[] = [];
  for (const { alpha } of points) {
    const embedding = tensor(interpolated(before[0], after[0], alpha), [1, tokens.length, d]);
    const patches = [{ hook: "hook_embed", value: embedding }];
    const { gradients } = await model.gradients([tokens], [position], readout, [...inputs, last], {
      patches,
    });
    const { hooks } = await model.run([tokens], {
      patches,
      read: layers.map((b) => `${b}.attn.hook_k`),
    });
    const scores = new Float64Array(nForward(shape) * columns);
    const contract = (v: number, name: string, copies: number, copy: number) => {
      const { data } = gradients.get(name)!;
      for (let u = 0; u < prevIndex(shape, v); u++) {
        let total = 0;
        for (let p = 0; p < tokens.length; p++) {
          for (let i = 0; i < d; i++) {
            const difference = after[u][p * d + i] - before[u][p * d + i];
            total -= difference * data[(p * copies + copy) * d + i];
          }
        }
        scores[u * columns + v] = total;
      }
    };
    layers.forEach((b, l) => {
      const first = l * (3 * H + 1);
      LETTERS.forEach((letter, j) => {
        for (let h = 0; h < H; h++) contract(first + j * H + h, `${b}.hook_${letter}_input`, H, h);
      });
      contract(first + 3 * H, `${b}.hook_mlp_in`, 1, 0);
    });
    contract(columns - 1, last, 1, 0);
    results.push({ scores, keys: layers.map((b) => hooks.get(`${b}.attn.hook_k`)!.data) });
  }
  return results;
}

/** Returns the weighted sum over the path points for each prompt. */
export async function plainPathScores(
  model: HookedModel,
  pairs: readonly PromptPair[],
  readout: Readout,
  points: readonly PathPoint[],
): Promise<Float64Array[]> {
  const all: Float64Array[] = [];
  for (const [n, pair] of pairs.entries()) {
    const steps = await plainScores(model, pair, readoutRows(readout, [n]), points);
    all.push(
      steps[0].scores.map((_, i) =>
        steps.reduce((sum, { scores }, k) => sum + points[k].weight * scores[i], 0)
      ),
    );
  }
  return all;
}
