/**
 * How well a transcoder's Jacobian agrees with that of the MLP that it imitates: the mean cosine of J·v and Ĵ·v over
 * positions and random directions v.
 *
 *     J·v = W_out (act'(pre) ⊙ (W_in v)),   Ĵ·v = W_dec ([a ≠ 0] ⊙ (W_enc v)) + W_skip v
 *
 * A transcoder that reads the bare normalised vector n has x = g⊙n + β between it and the MLP, so v becomes g⊙v there. For a
 * folded coder the mean over the model's dimensions is subtracted from J·v, as from its target. A position where Ĵ·v is 0
 * counts as 0. The comparison of Jacobians is that of sparse mixtures of linear transforms (Anthropic, 2025).
 */
import {
  add,
  defineProgram,
  div,
  equal,
  type F32,
  gradients,
  Graph,
  linear,
  max,
  mean,
  mul,
  repeatRows,
  Session,
  type SessionOptions,
  sqrt,
  sub,
  sum,
  tensor,
  where,
} from "../../onnx/mod.ts";
import {
  activate,
  type HookedModel,
  hookName,
  type ModelConfig,
  refuseTraits,
  storedOutIn,
} from "../../model/mod.ts";
import { PythonRandom } from "../../base/mod.ts";
import {
  activations,
  coderFeeds,
  type CoderForm,
  coderForm,
  feedShapes,
  preActivations,
  withSkip,
} from "../arithmetic.ts";
import type { Coder } from "../coder.ts";
import { readsBare, readsMlpInput } from "../conventions.ts";
import { unitRows } from "../random_rows.ts";
import type { CleanRun } from "./clean_run.ts";

/** Random directions per position. */
const DIRECTIONS = 4;

interface JacobianSettings {
  form: CoderForm;
  config: Pick<ModelConfig, "architecture" | "dModel" | "dMlp" | "activation">;
  /** the coder reads the normalised vector before gain and bias */
  bare: boolean;
  /** the coder's output lacks its mean */
  centred: boolean;
}

const jacobianProgram = defineProgram(
  "coder jacobian",
  ({ form, config, bare, centred }: JacobianSettings, options: SessionOptions) => {
    const g = new Graph();
    const { dModel: d, dMlp: m } = config;
    const outIn = storedOutIn(config as ModelConfig);
    const [x, v] = [g.input("x", ["rows", d]), g.input("v", ["rows", d])];
    const gain = bare ? g.input("ln2_w", [d]) : undefined;
    const read = gain ? add(mul(x, gain), g.input("ln2_b", [d])) : x;
    const W_in = g.input("in_w", outIn ? [m, d] : [d, m]);
    const pre = linear(read, W_in, outIn, g.input("in_b", [m]));
    const all = sum(activate(pre, config as ModelConfig), [0, 1]);
    const [slope] = gradients([all], [g.constant(1)], [pre]);
    const along = mul(slope, linear(gain ? mul(v, gain) : v, W_in, outIn));
    const whole = linear(along, g.input("out_w", outIn ? [d, m] : [m, d]), outIn);
    const real = centred ? sub(whole, mean(whole, [-1], true)) : whole;

    const shapes = Object.entries(feedShapes(form)).filter(([name]) => name !== "b_dec");
    const w = Object.fromEntries(shapes.map(([name, shape]) => [name, g.input(name, shape)]));
    const off = equal(activations(preActivations(x, w), w, form), 0);
    const reached = where(off, g.constant(0), linear(v, w.W_enc, true));
    const made = withSkip(linear(reached, w.W_dec, false), v, w);

    const inner = sum(mul(real, made), [1]);
    const norms = mul(sqrt(sum(mul(real, real), [1])), sqrt(sum(mul(made, made), [1])));
    return Session.compile({ cosine: div(inner, max(norms, 1e-30)) }, {}, options);
  },
);

/** Tells whether a coder has a Jacobian to compare: it gives the output of an MLP and reads what the MLP reads. */
export function hasMlpJacobian(coder: Coder): boolean {
  const { kind, layer, outputHook } = coder.config;
  const reads = readsBare(coder) || readsMlpInput(coder);
  return kind === "transcoder" && outputHook === hookName(layer, "hook_mlp_out") && reads;
}

/**
 * Returns the mean cosine of a transcoder's Jacobian with the MLP's; see the header.
 * @param input what the coder reads in the clean model, `[batch, pos, d]`
 * @param tokens number of positions to take, from the front
 * @throws Error if no position counts, or if the coder is not one of {@link hasMlpJacobian}
 */
export async function jacobianCosine(
  model: HookedModel,
  coder: Coder,
  input: F32,
  { counted }: CleanRun["rows"],
  { tokens = 256, seed = 0 }: { tokens?: number; seed?: number } = {},
): Promise<number> {
  if (!hasMlpJacobian(coder)) {
    throw new Error("a Jacobian needs a transcoder that reads and gives what an MLP does");
  }
  refuseTraits(model.config, "the Jacobian of an MLP", { gated: true });
  const { layer, inputConvention } = coder.config;
  const { dModel, dMlp, architecture, activation } = model.config;
  const rows = Array.from(counted.keys()).filter((row) => counted[row] === 1).slice(0, tokens);
  if (rows.length === 0) throw new Error("a Jacobian needs at least one position that counts");
  const x = tensor(new Float32Array(rows.length * dModel), [rows.length, dModel]);
  rows.forEach((row, i) =>
    x.data.set(input.data.subarray(row * dModel, (row + 1) * dModel), i * dModel)
  );
  const session = await jacobianProgram(model.runtime, {
    form: coderForm(coder.config),
    config: { dModel, dMlp, architecture, activation },
    bare: readsBare(coder),
    centred: inputConvention === "folded",
  });
  const weights = { ...await model.weights.layer(layer), ...coderFeeds(coder) };
  const feeds = Object.entries(weights).filter(([name]) => session.inputNames.includes(name));
  const { cosine } = await session.run({
    ...Object.fromEntries(feeds),
    x: repeatRows(x, DIRECTIONS),
    v: unitRows(rows.length * DIRECTIONS, dModel, new PythonRandom(seed)),
  });
  return cosine.data.reduce((total, c) => total + c, 0) / cosine.data.length;
}
