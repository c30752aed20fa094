/**
 * Builds the graphs that run many circuits in one batch:
 *
 *   mix      x_v = corrupted residual + Σ_u E[v, u] (z̃_u − z'_u)   one product per circuit; the residual is a source
 *                                                                  that is always in
 *   heads    x_q, x_k, x_v of the heads in use → (z̃ − z')·W_O of these heads
 *   mlp      x → MLP output − corrupted MLP output
 *
 * The heads and MLP programs mix their inputs themselves, or take them as feeds.
 *
 * z̃ is the output of a source in this run and z' its corrupted output. Adding the circuit's edges to the corrupted
 * residual equals subtracting the other edges from the current residual, but costs only as much as the circuit: sources
 * and heads outside every circuit of the batch are neither stored nor computed.
 *
 * Where a norm follows attention, a head's output is its share of what the norm lets through.
 *
 * The heads and MLP sessions keep their memory from run to run, because every layer and group needs about the same
 * amount. The system would have to fault in released memory again.
 */
import {
  add,
  concat,
  defineProgram,
  type Dim,
  div,
  expand,
  gather,
  Graph,
  linear,
  matmul,
  matmulStacked,
  matmulT,
  max,
  mean,
  min,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  split,
  sqrt,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import {
  attend,
  type BlockWeights,
  declareWeights,
  groupedWeights,
  groupSize,
  HookPoints,
  type KeysValues,
  mlpOutput,
  type ModelConfig,
  normalisedInput,
  POS,
  sequenceInputs,
  storedOutIn,
} from "../../model/mod.ts";

const C = "circuits", N = "prompts", A = "heads";
const BATCH = productDim([C, N]);

/** Says where destinations get their inputs: mixed from the differences of sources, or given as `x`. */
export type InputForm = "mixed" | "given";

/** Mixes the input of the last destination: edges `[C, 1, sources]`, Δ `[sources, C, width]` → x `[C, 1, width]`. */
export const mixProgram = defineProgram(
  "circuit mix",
  (options: SessionOptions) => Session.compile({ x: mixed(new Graph(), 1) }, {}, options),
);

/** Adds Σ_u E[v, u] (z̃_u − z'_u) to a graph, `[C, columns, width]`. Its first term is the corrupted residual. */
function mixed(g: Graph, columns: Dim): Value {
  const edges = g.input("edges", [C, columns, "sources"]);
  return matmulStacked(edges, g.input("differences", ["sources", C, "width"]));
}

/**
 * Runs some heads of a layer: head numbers, corrupted z and the inputs → Δ `[C, heads, N·P, d]`. Given inputs are x
 * `[C, heads, 3, N, P, d]`. Mixed inputs are edges `[C, heads · 3, sources]` and Δ `[sources, C, width]`. Where a norm follows
 * attention, the program also reads what it divides by in the corrupted run, and for given inputs it returns the change of all
 * heads together, `[C, 1, N·P, d]`.
 */
export const headsProgram = defineProgram("circuit heads", compileHeads);

/** Runs the MLP of a layer: corrupted MLP output and the input (given: x `[C, N, P, d]`) → Δ `[C, N, P, d]`. */
export const mlpProgram = defineProgram("circuit mlp", compileMlp);

function compileHeads(
  config: ModelConfig,
  past: boolean,
  form: InputForm,
  options: SessionOptions,
): Promise<Session> {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const g = new Graph();
  const heads = g.input("head_ids", [A], "int32");
  const corruptedZ = g.input("corrupted_z", [N, POS, H, e]);
  const w = declareWeights(g, config, 0);
  const sequence = sequenceInputs(g, config, past);
  const own = config.llama
    ? groupedProjections(w, heads, config)
    : ownProjections(w, heads, config);
  const x = form === "mixed"
    ? reshape(mixed(g, productDim([A, 3])), [C, A, 3, N, POS, d])
    : g.input("x", [C, A, 3, N, POS, d]);
  const normalized = normalisedInput(x, w.ln1_w, w.ln1_b, config);
  const rows = reshape(normalized, [C, A, 3, productDim([N, POS]), d]);
  const products = storedOutIn(config) ? matmulT(rows, own.weights) : matmul(rows, own.weights);
  const [q, k, v] = split(add(products, own.biases), 2, [1, 1, 1]).map((part) =>
    reshape(transpose(reshape(part, [C, A, N, POS, e]), [0, 2, 1, 3, 4]), [BATCH, A, POS, e])
  );
  const { z } = attend(config.llama ? prepareHeads([q, k, v], w, heads, config) : { q, k, v }, {
    config,
    sequence,
    hooks: new HookPoints({}),
    past: past ? pastOf(g, config, heads) : undefined,
  });
  const change = sub(reshape(z, [C, N, POS, A, e]), unsqueeze(gather(corruptedZ, heads, 2), 0));
  const changes = reshape(transpose(change, [0, 3, 1, 2, 4]), [C, A, productDim([N, POS]), e]);
  const outputs = ownOutput(changes, w.o_w, heads, config);
  if (!w.ln1_post_w) {
    return Session.compile({ differences: outputs }, {}, { ...options, arena: true });
  }
  const scale = g.input("corrupted_scale", [N, POS, 1]);
  const differences = shares(outputs, { corruptedZ, scale, heads }, w, config, form);
  return Session.compile({ differences }, {}, { ...options, arena: true });
}

/** Returns q, k and v weights `[A, 3, d_head, d]` (GPT-2: `[A, 3, d, d_head]`) and biases `[A, 3, 1, d_head]` of some heads. */
function ownProjections(w: BlockWeights, heads: Value, config: ModelConfig) {
  const { nHeads: H, dHead: e, dModel: d } = config;
  if (storedOutIn(config)) {
    const weights = gather(reshape(w.qkv_w, [H, 3, e, d]), heads);
    return { weights, biases: gather(reshape(w.qkv_b, [H, 3, 1, e]), heads) };
  }
  const weights = gather(reshape(w.qkv_w, [d, 3, H, e]), heads, 2);
  const biases = gather(reshape(w.qkv_b, [3, H, 1, e]), heads, 1);
  return { weights: transpose(weights, [2, 1, 0, 3]), biases: transpose(biases, [1, 0, 2, 3]) };
}

/** Returns weights `[A, 3, d_head, d]` and biases `[A, 3, 1, d_head]` of some heads of a Llama-style model. */
function groupedProjections(w: BlockWeights, heads: Value, config: ModelConfig) {
  const { weights, biases } = groupedWeights(w, config);
  const ids = [heads, groupsOf(heads, config), groupsOf(heads, config)];
  const of = (parts: Value[]) => concat(ids.map((id, j) => unsqueeze(gather(parts[j], id), 1)), 1);
  return { weights: of(weights), biases: unsqueeze(of(biases), 2) };
}

/** Returns the key/value heads that serve some query heads. */
const groupsOf = (heads: Value, config: ModelConfig): Value => div(heads, groupSize(config));

/** Cuts off or normalises q, k, v `[BATCH, A, POS, d_head]` of some heads; a norm over all heads needs all of them. */
function prepareHeads(letters: Value[], w: BlockWeights, heads: Value, config: ModelConfig) {
  const { clip, qkNorm, nKvHeads } = config.llama!;
  const cut = clip === undefined ? letters : letters.map((x) => max(min(x, clip), -clip));
  const norm = (x: Value, gain: Value, ids: Value, count: number) => {
    const axes = qkNorm === "all" ? [1, 3] : [3];
    const square = mean(mul(x, x), axes, true);
    const own = qkNorm === "all"
      ? unsqueeze(gather(reshape(gain, [count, config.dHead]), ids), 1)
      : gain;
    return mul(div(x, sqrt(add(square, config.layerNormEps))), own);
  };
  const [q, k, v] = cut;
  if (!qkNorm) return { q, k, v };
  return {
    q: norm(q, w.q_norm_w!, heads, config.nHeads),
    k: norm(k, w.k_norm_w!, groupsOf(heads, config), nKvHeads),
    v,
  };
}

/** What heads write in the corrupted run. */
interface CorruptedHeads {
  /** values of all heads, `[N, P, H, d_head]` */
  corruptedZ: Value;
  /** what the norm after attention divides by, `[N, P, 1]` */
  scale: Value;
  /** the heads in use, `[A]` */
  heads: Value;
}

/**
 * Turns changes of heads' outputs `[C, A, N·P, d]` into changes of their shares of what a norm after attention lets
 * through: gain · (output/scale − corrupted output/corrupted scale). A head's output has its part b_O/H of the bias. The scale
 * is that of the sum over all heads, where heads that are not in use write their corrupted output. Where inputs are given,
 * shares of all heads change, and the result is their sum, `[C, 1, N·P, d]`.
 */
function shares(
  changes: Value,
  { corruptedZ, scale, heads }: CorruptedHeads,
  w: BlockWeights,
  config: ModelConfig,
  form: InputForm,
): Value {
  const { nHeads: H, dHead: e, layerNormEps: epsilon } = config;
  const rows = productDim([N, POS]);
  const flat = reshape(corruptedZ, [rows, H * e]);
  const total = linear(flat, w.o_w, storedOutIn(config), w.o_b);
  const change = sum(changes, [1], true);
  const current = add(total, change);
  const scaleNow = sqrt(add(mean(mul(current, current), [-1], true), epsilon));
  const before = reshape(scale, [rows, 1]);
  const moved = (x: Value, by: Value) =>
    mul(sub(div(add(x, by), scaleNow), div(x, before)), w.ln1_post_w!);
  if (form === "given") return moved(unsqueeze(unsqueeze(total, 0), 0), change);
  const ownZ = transpose(gather(reshape(corruptedZ, [rows, H, e]), heads, 1), [1, 0, 2]);
  const corrupted = add(ownOutput(unsqueeze(ownZ, 0), w.o_w, heads, config), div(w.o_b, H));
  return moved(corrupted, changes);
}

/** Multiplies values `[C, A, rows, d_head]` of some heads by their parts of W_O: `[C, A, rows, d]`. */
function ownOutput(values: Value, o_w: Value, heads: Value, config: ModelConfig): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  if (!storedOutIn(config)) return matmul(values, gather(reshape(o_w, [H, e, d]), heads));
  return matmulT(values, transpose(gather(reshape(o_w, [d, H, e]), heads, 1), [1, 0, 2]));
}

/** Returns keys and values of the shared prefix for the heads in use. Every circuit has the same ones. */
function pastOf(g: Graph, config: ModelConfig, heads: Value): KeysValues {
  const { nHeads, dHead: e, llama } = config;
  const K = llama?.nKvHeads ?? nHeads;
  const ids = K === nHeads ? heads : groupsOf(heads, config);
  const own = (name: string) => {
    const value = gather(g.input(name, [N, K, "past", e]), ids, 1);
    return reshape(expand(unsqueeze(value, 0), [C, N, A, "past", e]), [BATCH, A, "past", e]);
  };
  return { k: own("past_k"), v: own("past_v") };
}

function compileMlp(
  config: ModelConfig,
  form: InputForm,
  options: SessionOptions,
): Promise<Session> {
  const d = config.dModel;
  const g = new Graph();
  const corrupted = g.input("corrupted_mlp", [N, POS, d]);
  const w = declareWeights(g, config, 0);
  const x = form === "mixed" ? reshape(mixed(g, 1), [C, N, POS, d]) : g.input("x", [C, N, POS, d]);
  const out = mlpOutput(reshape(x, [BATCH, POS, d]), w, { config, hooks: new HookPoints({}) });
  const differences = sub(reshape(out, [C, N, POS, d]), unsqueeze(corrupted, 0));
  return Session.compile({ differences }, {}, { ...options, arena: true });
}
