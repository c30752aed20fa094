/**
 * Encodes and decodes rows of activations outside a model, with programs that are compiled once per form:
 *
 *     encode:  x [rows, d_in] → a [rows, F]
 *     decode:  a [rows, F] (and x, for a linear path) → ŷ [rows, d_out]
 *
 * Tensors may have more leading axes; they are rows here and come back in the result's shape.
 */
import {
  defineProgram,
  type F32,
  Graph,
  type ProgramCache,
  reshape,
  Session,
  type SessionOptions,
  slice,
  tensor,
} from "../onnx/mod.ts";
import type { Coder } from "./coder.ts";
import {
  activations,
  chosenFeeds,
  type CoderForm,
  coderForm,
  decoded,
  feedShapes,
  preActivations,
  withSkip,
} from "./arithmetic.ts";

/** Declares the named weights of a form as inputs. */
function inputs(g: Graph, form: CoderForm, names: readonly string[]) {
  const shapes = Object.entries(feedShapes(form)).filter(([name]) => names.includes(name));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, g.input(name, shape)]));
}

const encodeProgram = defineProgram(
  "coder encode",
  (form: CoderForm, options: SessionOptions) => {
    const g = new Graph();
    const w = inputs(g, form, ["W_enc", "b_enc", "threshold"]);
    const pre = preActivations(g.input("x", ["rows", form.dIn]), w);
    return Session.compile({ a: activations(pre, w, form) }, {}, options);
  },
);

const decodeProgram = defineProgram(
  "coder decode",
  (form: CoderForm, at: number, options: SessionOptions) => {
    const g = new Graph();
    const w = inputs(g, form, ["W_dec", "b_dec", "W_skip"]);
    const a = g.input("a", ["rows", form.features]);
    const part = form.layers === 0 ? w.W_dec : reshape(
      slice(w.W_dec, 1, at, at + 1),
      [form.features, form.dOut],
    );
    if (at > 0) return Session.compile({ y: decoded(a, part) }, {}, options);
    const made = decoded(a, part, w.b_dec);
    const x = form.skip ? g.input("x", ["rows", form.dIn]) : undefined;
    return Session.compile({ y: x ? withSkip(made, x, w) : made }, {}, options);
  },
);

/** Returns a tensor as a matrix of rows. */
function rowsOf(x: F32, width: number, what: string): F32 {
  if (x.shape.at(-1) !== width) {
    throw new Error(`${what}: found shape [${x.shape.join(", ")}], expected […, ${width}]`);
  }
  return tensor(x.data, [x.data.length / width, width]);
}

/**
 * Returns the activations `[…, F]` of inputs `[…, d_in]`.
 * @throws Error naming the shape if the input's width is not the coder's.
 */
export async function encode(cache: ProgramCache, coder: Coder, x: F32): Promise<F32> {
  const form = coderForm(coder.config);
  const session = await encodeProgram(cache, form);
  const feeds = chosenFeeds(coder, session.inputNames);
  const { a } = await session.run({ ...feeds, x: rowsOf(x, form.dIn, "input of the coder") });
  return tensor(a.data, [...x.shape.slice(0, -1), form.features]);
}

/**
 * Returns the output `[…, d_out]` of activations `[…, F]`. A cross-layer coder gives its part of the output at layer
 * `layer + at`, with the bias and the linear path for `at` 0 only, as the others belong to the coder of that layer.
 * @param x input `[…, d_in]`, needed by a coder with a linear path
 * @throws Error naming the shape if a width is not the coder's, or if `x` is missing.
 */
export async function decode(
  cache: ProgramCache,
  coder: Coder,
  a: F32,
  { x, at = 0 }: { x?: F32; at?: number } = {},
): Promise<F32> {
  const form = coderForm(coder.config);
  if (at !== 0 && !(Number.isInteger(at) && at > 0 && at < form.layers)) {
    throw new Error(`decoder part ${at}: the coder writes to ${Math.max(1, form.layers)} layer(s)`);
  }
  const needsInput = form.skip && at === 0;
  if (needsInput && !x) throw new Error("a coder with a linear path needs its input to decode");
  const session = await decodeProgram(cache, form, at);
  const { y } = await session.run({
    ...chosenFeeds(coder, session.inputNames),
    a: rowsOf(a, form.features, "activations of the coder"),
    ...(needsInput ? { x: rowsOf(x!, form.dIn, "input of the coder") } : {}),
  });
  return tensor(y.data, [...a.shape.slice(0, -1), form.dOut]);
}

/** Returns the output `[…, d_out]` of inputs `[…, d_in]`; see {@link encode} and {@link decode}. */
export async function reconstruct(cache: ProgramCache, coder: Coder, x: F32): Promise<F32> {
  return await decode(cache, coder, await encode(cache, coder, x), { x });
}
