/**
 * Runs the evaluated documents clean, as the baseline of CSPA. Tensors that span the vocabulary are kept in slices of
 * columns, so that the divergences are computed slice by slice within a processor's cache:
 *
 *  1. logits of each slice, and log Σ exp of each; together these give the normaliser of every row
 *  2. p = exp(logits − normaliser), u·W_U of the documents' own tokens, and the expected unembedding Σ p·W_U
 */
import type { HookedModel, WeightUnit } from "../../model/mod.ts";
import { defineProgram, type F32, type Feeds, tensor } from "../../onnx/mod.ts";
import { compileLogits, compileSlice, compileText } from "./cspa_graphs.ts";

const textProgram = defineProgram("cspa text", compileText);
const logitsProgram = defineProgram("cspa logits", compileLogits);
const sliceProgram = defineProgram("cspa slice", compileSlice);

/** Holds C columns of the vocabulary and what all heads share of them; rows = documents × tokens. */
export interface VocabularySlice {
  /** Rows of the unembedding `[C, d]`. */
  W_U: F32;
  /** Clean probabilities `[rows, C]`. */
  p: F32;
  /** Logits of a unit vector along each token's own unembedding, `[rows, C]`. */
  gram: F32;
}

/** Holds what the divergences of every head need from the clean run. */
export interface CleanText {
  /** Feeds of the layer graph: U, u, expected `[D, T, d]`, scale `[D, T, 1]`. */
  feeds: Feeds;
  /** The vocabulary, in order. */
  slices: VocabularySlice[];
}

/**
 * Runs the documents and returns what every head's divergences need.
 * @param docs token lists of equal length
 * @param unembed the model's unembedding unit, folded
 * @param columns vocabulary tokens per slice
 */
export async function cleanText(
  model: HookedModel,
  docs: readonly (readonly number[])[],
  unembed: WeightUnit,
  columns: number,
): Promise<CleanText> {
  const { config, runtime } = model;
  const { dModel: d, vocabSize: V } = config;
  const [D, T] = [docs.length, docs[0].length];
  const toText = await textProgram(runtime, config);
  const toLogits = await logitsProgram(runtime, config);
  const toSlice = await sliceProgram(runtime, config);

  const { residual, hooks } = await model.run(docs, { read: ["ln_final.hook_scale"] });
  const ids = tensor(Int32Array.from(docs.flat()), [D, T]);
  const { normalized, U, u } = await toText.run({ ...unembed, residual, ids });
  const parts = Array.from({ length: Math.ceil(V / columns) }, (_, i) => {
    const [from, to] = [i * columns, Math.min(V, (i + 1) * columns)];
    return {
      W_U: tensor(unembed.W_U.data.subarray(from * d, to * d), [to - from, d]),
      b_U: tensor(unembed.b_U.data.subarray(from, to), [to - from]),
    };
  });
  const logits = [];
  for (const part of parts) logits.push(await toLogits.run({ normalized, ...part }));
  const total = tensor(logSumExp(logits.map((x) => x.total.data)), [D * T, 1]);

  const rows = tensor(u.data, [D * T, d]);
  const slices: VocabularySlice[] = [];
  let expected: F32 = tensor(new Float32Array(D * T * d), [D * T, d]);
  for (const { W_U } of parts) {
    const part = logits.shift()!.logits;
    const found = await toSlice.run({ logits: part, total, u: rows, W_U, expected });
    expected = found.expected;
    slices.push({ W_U, p: found.p, gram: found.gram });
  }
  const scale = hooks.get("ln_final.hook_scale")!;
  return {
    feeds: { U, u, expected: tensor(expected.data, [D, T, d]), scale },
    slices,
  };
}

/** Computes log Σ exp over lists, element by element. */
function logSumExp(lists: readonly Float32Array[]): Float32Array {
  return lists[0].map((_, i) => {
    const top = Math.max(...lists.map((list) => list[i]));
    return top + Math.log(lists.reduce((sum, list) => sum + Math.exp(list[i] - top), 0));
  });
}
