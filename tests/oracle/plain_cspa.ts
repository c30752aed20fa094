/**
 * CSPA of one head straight from its definition, number by number in double precision: the oracle of `cspa.ts`. It takes
 * only weights and hook values from the model.
 */
import type { HookedModel } from "../../utils/model/hooked_model.ts";

type Matrix = number[][];

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, x, i) => s + x * b[i], 0);
const plus = (a: readonly number[], b: readonly number[], scale = 1) =>
  a.map((x, i) => x + scale * b[i]);

function logSoftmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const lse = top + Math.log(row.reduce((s, x) => s + Math.exp(x - top), 0));
  return row.map((x) => x - lse);
}

function klDivergence(clean: readonly number[], other: readonly number[]): number {
  const [p, q] = [logSoftmax(clean), logSoftmax(other)];
  return p.reduce((s, x, i) => s + Math.exp(x) * (x - q[i]), 0);
}

/** The head, and the settings of the score. */
export interface PlainOptions {
  /** layer of the head */
  layer: number;
  /** number of the head within its layer */
  head: number;
  /** number of documents that divergences are averaged over */
  evalDocs: number;
  /** share of the source tokens that are kept */
  kUnembeddings: number;
  /** token ids that are never kept */
  functionWords: readonly number[];
}

/** Returns the mean divergences and the score of one head; `model` has folded weights. */
export async function plainCspa(
  model: HookedModel,
  docs: readonly (readonly number[])[],
  { layer, head, evalDocs, kUnembeddings, functionWords }: PlainOptions,
) {
  const { dModel: d, nHeads: H, dHead: e, vocabSize: V, architecture, llama } = model.config;
  const T = docs[0].length;
  const at = (point: string) => `blocks.${layer}.${point}`;
  const read = [
    at("hook_resid_pre"),
    at("attn.hook_v"),
    at("attn.hook_pattern"),
    at("attn.hook_result"),
    "ln_final.hook_scale",
    ...(llama?.postNorm ? [at("ln1_post.hook_scale")] : []),
  ];
  const { hooks, residual } = await model.run(docs, { read });
  const rows = (data: Float32Array, start: number, width: number) =>
    Array.from(data.subarray(start, start + width));
  const perHead = (name: string, n: number, p: number, width: number) =>
    rows(hooks.get(at(name))!.data, ((n * T + p) * H + head) * width, width);
  /** what the norm after attention divides by */
  const post = (n: number, p: number) => hooks.get(at("ln1_post.hook_scale"))?.data[n * T + p] ?? 1;
  const K = llama?.nKvHeads ?? H;
  const valueOf = (n: number, p: number) =>
    rows(hooks.get(at("attn.hook_v"))!.data, ((n * T + p) * K + Math.floor(head * K / H)) * e, e);
  const meanOf = (row: number[]) => llama?.norm === "rms" ? 0 : row.reduce((a, b) => a + b, 0) / d;
  const W_U: Matrix = [];
  const unembed = await model.weights.unembedding();
  for (let t = 0; t < V; t++) {
    const row = rows(unembed.W_U.data, t * d, d);
    const mean = meanOf(row);
    W_U.push(row.map((x) => x - mean));
  }
  const b_U = Array.from(unembed.b_U.data);
  const { o_w, ln1_post_w } = await model.weights.layer(layer);
  const gain = (i: number) => ln1_post_w?.data[i] ?? 1;
  const outputOf = (n: number, q: number) =>
    perHead("attn.hook_result", n, q, d).map((x, i) => x * gain(i) / post(n, q));
  /** returns v·W_O[head] */
  const written = (v: number[]) =>
    Array.from({ length: d }, (_, i) =>
      v.reduce((s, x, j) => {
        const [row, column] = [head * e + j, i];
        const place = architecture === "gpt2" ? row * d + column : column * H * e + row;
        return s + x * o_w.data[place] * gain(i);
      }, 0));

  const mu = Array.from(
    { length: T },
    (_, q) =>
      docs.map((_, n) => outputOf(n, q))
        .reduce((a, b) => plus(a, b))
        .map((x) => x / docs.length),
  );
  let ablated = 0, kept = 0;
  for (let n = 0; n < evalDocs; n++) {
    const doc = docs[n];
    const values = doc.map((_, k) => written(valueOf(n, k)));
    for (let q = 0; q < T; q++) {
      const sigma = hooks.get("ln_final.hook_scale")!.data[n * T + q];
      const R = rows(residual.data, (n * T + q) * d, d);
      const mean = meanOf(R);
      const centered = R.map((x) => x - mean);
      const logits = (r: number[]) => W_U.map((u, t) => dot(r, u) / sigma + b_U[t]);
      const o = outputOf(n, q);
      const x = rows(hooks.get(at("hook_resid_pre"))!.data, (n * T + q) * d, d);
      const A = rows(hooks.get(at("attn.hook_pattern"))!.data, ((n * H + head) * T + q) * T, T);
      const lens = doc.map((t, k) =>
        k > q || functionWords.includes(t) ? -1e9 : dot(x, W_U[t]) / sigma
      );
      const ranking = lens.map((value, k) => doc.indexOf(doc[k]) < k ? -1e9 : value);
      const K = Math.ceil(kUnembeddings * (q + 1));
      const cutoff = [...ranking].sort((a, b) => b - a)[K - 1];
      let output = new Array<number>(d).fill(0);
      for (let k = 0; k <= q; k++) {
        const m = mu[q].map((y) => A[k] * y);
        output = plus(output, m);
        if (lens[k] + 1e-6 < cutoff || lens[k] < -1e8) continue;
        const u = W_U[doc[k]].map((y) => y / Math.sqrt(dot(W_U[doc[k]], W_U[doc[k]])));
        const w = values[k].map((y) => A[k] * y / post(n, q));
        output = plus(output, u, Math.min(dot(plus(w, m, -1), u), 0));
      }
      const clean = logits(centered);
      ablated += klDivergence(clean, logits(plus(plus(centered, mu[q]), o, -1)));
      kept += klDivergence(clean, logits(plus(plus(centered, output), o, -1)));
    }
  }
  const rowsEvaluated = evalDocs * T;
  return {
    ablated: ablated / rowsEvaluated,
    kept: kept / rowsEvaluated,
    score: 1 - kept / ablated,
  };
}
