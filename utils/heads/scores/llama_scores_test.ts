/** Copy and successor scores of Llama-style models against plain loops: gated MLP, scaled embedding, gains of norms after blocks. */
import { assert, assertEquals } from "@std/assert";
import { copyScores } from "./copy_score.ts";
import { successorLogits } from "./successor.ts";
import { Runtime } from "../../model/mod.ts";
import { llamaConfigOf, llamaModel } from "../../../tests/support/llama_model.ts";

const runtime = new Runtime({ threads: 1 });
type Rows = ArrayLike<number>;

/** Returns W·x for a matrix `[out, in]`. */
function times(
  { data, shape: [rows, columns] }: { data: Rows; shape: readonly number[] },
  x: Rows,
) {
  return Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += data[r * columns + c] * x[c];
    return sum;
  });
}

for (const family of ["gemma2", "olmo2", "qwen3"] as const) {
  const config = llamaConfigOf(family, { num_key_value_heads: 2 });
  const { nHeads: H, dHead: e, dModel: d, llama } = config;
  const size = H / llama!.nKvHeads;

  Deno.test(`Scores of heads of ${family} equal plain loops`, async () => {
    const model = llamaModel(config, runtime);
    const { W_E } = await model.weights.embedding(), { W_U } = await model.weights.unembedding();
    const layers = await Promise.all([0, 1].map((l) => model.weights.layer(l)));
    /** what head h of a layer writes on reading x, without the norms' scales */
    const written = (l: number, h: number, x: Rows) => {
      const { qkv_w, o_w, ln1_post_w: gain } = layers[l];
      const first = (H + llama!.nKvHeads + Math.floor(h / size)) * e;
      const v = times(qkv_w, x).slice(first, first + e);
      return Array.from({ length: d }, (_, i) => {
        let sum = 0;
        for (let j = 0; j < e; j++) sum += o_w.data[i * H * e + h * e + j] * v[j];
        return gain ? sum * gain.data[i] : sum;
      });
    };

    const ids = [3, 8, 11];
    const found = await successorLogits(model, ids);
    const { gate_w, in_w, out_w, ln2_post_w: gain } = layers[0];
    const M = ids.map((id) => {
      const x = Array.from({ length: d }, (_, i) => llama!.embedScale * W_E.data[id * d + i]);
      const [gate, factor] = [times(gate_w, x), times(in_w, x)];
      const act = (z: number) =>
        config.activation === "silu"
          ? z / (1 + Math.exp(-z))
          : 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
      const out = times(out_w, gate.map((z, i) => act(z) * factor[i]));
      const rms = Math.sqrt(out.reduce((s, y) => s + y * y, 0) / d + config.layerNormEps);
      return gain ? out.map((y, i) => y / rms * gain.data[i]) : out;
    });
    const expected = [0, 1].flatMap((l) =>
      Array.from({ length: H }, (_, h) =>
        M.flatMap((x) => {
          const logits = times(W_U, written(l, h, x));
          return ids.map((id) => logits[id]);
        })).flat()
    );
    const scale = Math.max(...expected.map(Math.abs));
    assertEquals(found.length, expected.length);
    assert(expected.every((x, i) => Math.abs(x - found[i]) < 1e-5 * scale));

    const prompts = [[3, 9, 14, 2], [5, 1, 16, 7]], positions = [[1, 2], [0, 3]];
    const { positive, negative } = await copyScores(model, prompts, positions);
    const { residual } = await model.run(prompts, { to: 1 });
    const hits = [0, 1].map((sign) =>
      Array.from({ length: 2 * H }, (_, at) => {
        let count = 0;
        prompts.forEach((prompt, n) =>
          positions[n].forEach((p) => {
            const r = residual.data.subarray((n * 4 + p) * d, (n * 4 + p + 1) * d);
            const logits = times(W_U, written(Math.floor(at / H), at % H, r))
              .map((x) => sign ? -x : x);
            const above = logits.filter((x) => x > logits[prompt[p]]).length;
            if (above < 5) count++;
          })
        );
        return 100 * count / 4;
      })
    );
    assertEquals([[...positive], [...negative]], hits);
    assert(hits.flat().some((x) => x > 0 && x < 100));
    model.close();
  });
}
