/**
 * Reference values of the model itself: logits, outputs of all nodes, attention scores of heads, metrics.
 *
 *  nodes      input: the token embedding; a{l}.h{h}: z_h·W_O[h], without b_O; m{l}: the output of the MLP. Where a norm
 *             follows attention, a head's output is its share, gain/scale · z_h·W_O[h]
 *  heads      mean over prompts and positions p ≥ offset of pattern[p, p − offset], on a random sequence of n tokens
 *             repeated once: offsets 1 (previous token), n (duplicate token) and n − 1 (induction)
 *  baseline   the metric of each prompt
 */
import { layerRows } from "../circuits/mod.ts";
import { type RepeatedTokenScores, repeatedTokenScores } from "../heads/mod.ts";
import { type Quantity, type ReferenceCase, TOLERANCE } from "./reference_case.ts";

type Run = "clean" | "corrupted";

const logits = (run: Run): Quantity => ({
  name: `logits.${run}`,
  tolerance: TOLERANCE,
  compute: async (c) => (await c.model.allLogits(c.prompts[run])).data,
  compared: (c, key) => realPositions(c, key, c.prompts[run]),
});

/** Returns 1 for the elements at real positions of a tensor `[prompts, pos, …]`, 0 at padding. */
function realPositions(c: ReferenceCase, key: string, prompts: readonly number[][]): Uint8Array {
  const [batch, pos, ...rest] = c.shape(key);
  const width = rest.reduce((a, b) => a * b, 1);
  const mask = new Uint8Array(batch * pos * width);
  prompts.forEach((prompt, b) => {
    mask.fill(1, b * pos * width, (b * pos + prompt.length) * width);
  });
  return mask;
}

const nodes: Quantity = {
  name: "nodes.first_prompt",
  tolerance: TOLERANCE,
  async compute(c) {
    const { nLayers, nHeads, dModel: d } = c.model.config;
    const postNorm = c.model.config.llama?.postNorm ?? false;
    const layers = Array.from({ length: nLayers }, (_, l) => `blocks.${l}`);
    const read = [
      "hook_embed",
      ...layers.flatMap((b) => [`${b}.attn.hook_result`, `${b}.hook_mlp_out`]),
      ...(postNorm ? layers.map((b) => `${b}.ln1_post.hook_scale`) : []),
    ];
    const { hooks } = await c.model.run([c.prompts.clean[0]], { read });
    const [padded, nForward] = c.shape("nodes.first_prompt");
    const out = new Float32Array(padded * nForward * d);
    /** copies the `count` nodes of a hook `[1, pos, count, d]` to the rows from node `u` on */
    const place = (name: string, u: number, count: number) => {
      const { data, shape } = hooks.get(name)!;
      for (let p = 0; p < shape[1]; p++) {
        const row = data.subarray(p * count * d, (p + 1) * count * d);
        out.set(row, (p * nForward + u) * d);
      }
    };
    place("hook_embed", 0, 1);
    for (const [l, b] of layers.entries()) {
      const { heads, mlp } = layerRows({ nHeads }, l);
      if (postNorm) {
        const gain = (await c.model.weights.layer(l)).ln1_post_w.data;
        const result = hooks.get(`${b}.attn.hook_result`)!.data;
        const scale = hooks.get(`${b}.ln1_post.hook_scale`)!.data;
        result.forEach((x, i) => result[i] = x * gain[i % d] / scale[Math.floor(i / (nHeads * d))]);
      }
      place(`${b}.attn.hook_result`, heads, nHeads);
      place(`${b}.hook_mlp_out`, mlp, 1);
    }
    return out;
  },
  compared(c, key) {
    const [padded, ...rest] = c.shape(key);
    const width = rest.reduce((a, b) => a * b, 1);
    return new Uint8Array(padded * width).fill(1, 0, c.prompts.clean[0].length * width);
  },
};

const attention = (name: string, score: keyof RepeatedTokenScores): Quantity => ({
  name: `heads.${name}`,
  tolerance: TOLERANCE,
  async compute(c) {
    if (!c.has("heads.tokens")) return undefined;
    return (await repeatedTokenScores(c.model, await c.tokens("heads.tokens")))[score];
  },
});

const baseline = (name: string, run: Run, metric: "logit_diff" | "prob_diff"): Quantity => ({
  name: `${name}.${metric}`,
  tolerance: TOLERANCE,
  compute: (c) => c.model.metric(c.prompts[run], c.prompts.positions, c.readout(metric)),
});

/** Quantities of the model itself. */
export const modelQuantities: Quantity[] = [
  logits("clean"),
  logits("corrupted"),
  nodes,
  attention("prev_token", "prevToken"),
  attention("duplicate_token", "duplicateToken"),
  attention("induction", "induction"),
  baseline("baseline", "clean", "logit_diff"),
  baseline("baseline", "clean", "prob_diff"),
  baseline("baseline_corrupted", "corrupted", "logit_diff"),
  baseline("baseline_corrupted", "corrupted", "prob_diff"),
];
