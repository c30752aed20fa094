/**
 * Computes direct logit attribution: how much each head's output at the read-out position moves the metric while
 * everything after the head is fixed (nostalgebraist's logit lens for single heads; Wang et al. 2022, TransformerLens).
 *
 *  1. One run reads every head's weighted values z and the scale σ of the final LayerNorm.
 *  2. The read-out direction of a prompt is w = Σ_j weights[j] · W_U[ids[j]], e.g. W_U[IO] − W_U[S]. Pulled back
 *     through the final LayerNorm with frozen scale, it is  w' = (γ⊙w − mean(γ⊙w)) / σ  at the read-out position.
 *  3. Head h contributes  z_h·W_O[h]·w' = z_h · (W_O[h] w'). The direction goes back through W_O, so that no head's
 *     output of residual width is computed.
 *
 * Where a norm follows attention, a head's output is its share of what the norm lets through, with the norm's scale σ_l frozen
 * too: z_h·W_O[h] ⊙ γ_l/σ_l. Where logits are capped, contributions are to the logits before the cap.
 *
 * On folded weights γ = 1, the mean is 0, and value biases are not part of a head (they are in b_O).
 */
import {
  BATCH,
  declareWeights,
  type HookedModel,
  hookNames,
  isRms,
  type ModelConfig,
  perHeadOutput,
  POS,
  type Readout,
  readoutFeeds,
  type RunOptions,
} from "../../model/mod.ts";
import {
  defineProgram,
  div,
  gather,
  Graph,
  matmulT,
  mean,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";

const directionProgram = defineProgram("dla direction", compileDirection);
const contributionsProgram = defineProgram("dla contributions", compileContributions);

/** Takes rows `b·pos + p` of a `[batch, pos, …]` value whose last axes hold `width` elements. */
function atReadout(g: Graph, x: Value, width: number): Value {
  const rows = g.inputs.get("rows") ?? g.input("rows", ["rows"], "int32");
  return gather(reshape(x, [productDim([BATCH, POS]), width]), rows);
}

function compileDirection(config: ModelConfig, width: number, options: SessionOptions) {
  const g = new Graph();
  const { dModel: d, vocabSize: V } = config;
  const ids = g.input("ids", ["rows", width], "int32");
  const weights = g.input("weights", ["rows", width]);
  const W_U = g.input("W_U", [V, d]);
  const plain = sum(mul(gather(W_U, ids), unsqueeze(weights, -1)), [1]);
  const scaled = mul(plain, g.input("ln_f_w", [d]));
  const centered = isRms(config) ? scaled : sub(scaled, mean(scaled, [-1], true));
  const direction = div(centered, atReadout(g, g.input("scale", [BATCH, POS, 1]), 1));
  return Session.compile({ direction }, {}, options);
}

function compileContributions(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { dModel: d, nHeads: H, dHead: e } = config;
  const direction = g.input("direction", ["rows", d]);
  const z = atReadout(g, g.input("z", [BATCH, POS, H, e]), H * e);
  const perHead = transpose(reshape(z, ["rows", H, e]), [1, 0, 2]);
  const w = declareWeights(g, config, 0);
  const W_O = perHeadOutput(w.o_w, config);
  const before = w.ln1_post_w
    ? div(mul(direction, w.ln1_post_w), atReadout(g, g.input("post_scale", [BATCH, POS, 1]), 1))
    : direction;
  const back = matmulT(unsqueeze(before, 0), W_O);
  return Session.compile({ contributions: sum(mul(perHead, back), [-1]) }, {}, options);
}

/**
 * Computes the contribution of every head to a metric that is linear in the logits.
 * @param prompts token ids of the N prompts
 * @param positions read-out position of each prompt
 * @param readout read-out of kind "logits", one row per prompt (`readoutOf` of a logit-difference task)
 * @param options patches and a past, to attribute an ablated run
 * @returns contributions `[L, H, N]` row-major, in logits before a cap
 * @throws Error for a metric over probabilities, which is not a sum of contributions
 * @example
 * ```ts
 * import { directLogitAttribution, parseHead, placeOf } from "../mod.ts";
 * import { HookedModel } from "../../model/mod.ts";
 * import { loadTask, readoutOf } from "../../tasks/mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const task = await loadTask("ioi", model.tokenizer, { n: 4 });
 * const clean = task.prompts.map((prompt) => prompt.clean);
 * const positions = task.prompts.map((prompt) => prompt.position);
 * const effects = await directLogitAttribution(model, clean, positions, readoutOf(task));
 * const place = placeOf(parseHead("a3.h4"), model.config);
 * assert(effects[place * 4] > 0.3);
 * ```
 */
export async function directLogitAttribution(
  model: HookedModel,
  prompts: readonly (readonly number[])[],
  positions: readonly number[],
  readout: Readout,
  options: RunOptions = {},
): Promise<Float32Array> {
  if (readout.kind !== "logits") {
    throw new Error(
      "direct logit attribution needs a metric over logits (logit_diff); this one is over probabilities",
    );
  }
  const { config, runtime, weights } = model;
  const { nLayers: L, nHeads: H } = config;
  const names = hookNames(config, "attn.hook_z");
  const scales = config.llama?.postNorm ? hookNames(config, "ln1_post.hook_scale") : [];
  const { hooks } = await model.run(prompts, {
    ...options,
    read: [...names, ...scales, "ln_final.hook_scale"],
  });
  const scale = hooks.get("ln_final.hook_scale")!;
  const feeds = readoutFeeds(positions, scale.shape[1], readout);
  const toDirection = await directionProgram(runtime, config, readout.width);
  const contributions = await contributionsProgram(runtime, config);
  const { direction } = await toDirection.run({
    ...feeds,
    scale,
    ...await weights.unembedding(),
  });
  const out = new Float32Array(L * H * prompts.length);
  for await (const { layer: l, feeds: ofLayer } of weights.layers()) {
    const result = await contributions.run({
      ...ofLayer,
      rows: feeds.rows,
      direction,
      z: hooks.get(names[l])!,
      ...(scales.length > 0 && { post_scale: hooks.get(scales[l])! }),
    });
    out.set(result.contributions.data, l * H * prompts.length);
  }
  return out;
}
