/**
 * Connects a coder's hook points with the values that a block has.
 *
 * TransformerLens (since 2.10) takes `ln2.hook_normalized` before gain and bias, and `mlp.hook_in` after them; a block of
 * ours has the value after them only. So:
 *
 *  | hook point            | raw                          | folded                  |
 *  | --------------------- | ---------------------------- | ----------------------- |
 *  | `ln*.hook_normalized` | (x − mean x) / scale         | the same                |
 *  | `mlp.hook_in`         | what the MLP reads           | (x − mean x) / scale    |
 *  | residual stream, outputs of attention and MLP | the value x | x − mean x       |
 *  | other points          | the value                    | the value               |
 *
 * Where norms are RMSNorms, no mean is subtracted: `mean x` is 0 in this table, as TransformerLens centres nothing there.
 * x and scale are hook points of the block, so a frozen scale stays frozen. A folded coder therefore runs in a raw model
 * too: its outputs lack the mean over the model's dimensions, which every LayerNorm subtracts. What cannot be had is refused:
 * raw values of a model that has lost gain, bias or mean, and values of heads under another treatment of value biases.
 */
import {
  type BlockHook,
  type HookedModel,
  hookName,
  type ModelConfig,
  parseHookName,
} from "../../model/mod.ts";
import {
  concat,
  div,
  greater,
  mean,
  productDim,
  reshape,
  slice,
  sub,
  unsqueeze,
  type Value,
  where,
} from "../../onnx/mod.ts";
import { type CoderConfig, coderName, type InputConvention } from "../coder.ts";

/** How a hook point's value relates to a block's values. */
type PointKind = "bare" | "normed" | "stream" | "values" | "results" | "plain";

/** A hook point of a coder, without the layer. Plain data, part of program keys. */
export interface CoderPoint {
  /** TransformerLens' name without `blocks.{l}.` */
  point: string;
  /** the model whose value it is */
  convention: InputConvention;
  /** head, if the coder is for one head */
  head?: number;
}

interface PointFacts {
  kind: PointKind;
  /** the block's hook point with the value, where it has one */
  at: BlockHook;
  /** input and scale of the LayerNorm */
  norm?: { x: BlockHook; scale: BlockHook };
  /** whether the value has an axis of heads */
  heads?: true;
  /** width of the value, or of one head's */
  width: "dModel" | "dHead" | "dMlp";
}

const stream = (at: BlockHook): PointFacts => ({ kind: "stream", at, width: "dModel" });
const ofHeads = (at: BlockHook, kind: PointKind): PointFacts => ({
  kind,
  at,
  heads: true,
  width: kind === "results" ? "dModel" : "dHead",
});
const LN1 = { x: "hook_resid_pre", scale: "ln1.hook_scale" } as const;
const LN2 = { x: "hook_mlp_in", scale: "ln2.hook_scale" } as const;

/** Hook points that a coder can read or give. */
const POINTS: Record<string, PointFacts> = {
  "ln1.hook_normalized": { kind: "bare", at: "ln1.hook_normalized", norm: LN1, width: "dModel" },
  "ln2.hook_normalized": { kind: "bare", at: "ln2.hook_normalized", norm: LN2, width: "dModel" },
  "mlp.hook_in": { kind: "normed", at: "ln2.hook_normalized", norm: LN2, width: "dModel" },
  "hook_resid_pre": stream("hook_resid_pre"),
  "hook_resid_mid": stream("hook_resid_mid"),
  "hook_resid_post": stream("hook_resid_post"),
  "hook_mlp_in": stream("hook_mlp_in"),
  "hook_attn_out": stream("hook_attn_out"),
  "hook_mlp_out": stream("hook_mlp_out"),
  "attn.hook_q": ofHeads("attn.hook_q", "plain"),
  "attn.hook_k": ofHeads("attn.hook_k", "plain"),
  "attn.hook_v": ofHeads("attn.hook_v", "values"),
  "attn.hook_z": ofHeads("attn.hook_z", "values"),
  "attn.hook_result": ofHeads("attn.hook_result", "results"),
  "mlp.hook_pre": { kind: "plain", at: "mlp.hook_pre", width: "dMlp" },
  "mlp.hook_post": { kind: "plain", at: "mlp.hook_post", width: "dMlp" },
};

/** Splits `blocks.3.mlp.hook_in` into layer and point; undefined for another form. */
export function splitHook(name: string): { layer: number; point: string } | undefined {
  const match = /^blocks\.(\d+)\.(.+)$/.exec(name);
  return match ? { layer: Number(match[1]), point: match[2] } : undefined;
}

/** Returns a coder's input and output points. @throws Error naming the hook point that no coder can have. */
export function coderPoints(config: CoderConfig): Record<"input" | "output", CoderPoint> {
  const { inputConvention: convention, head } = config;
  const pointOf = (name: string): CoderPoint => ({
    point: pointIn(name, coderName(config)),
    convention,
    ...(head === undefined ? {} : { head }),
  });
  return { input: pointOf(config.inputHook), output: pointOf(config.outputHook) };
}

/** Returns the point of a full name. @throws Error naming one that no coder can have. */
function pointIn(name: string, where: string): string {
  const hook = splitHook(name);
  if (hook && hook.point in POINTS) return hook.point;
  throw new Error(
    `${where}: hook point "${name}" is not one that a coder can have; there are: ` +
      Object.keys(POINTS).map((point) => `blocks.{l}.${point}`).join(", "),
  );
}

/**
 * Returns the width of the value at a hook point, of one head if `head` is given.
 * @throws Error naming a hook point that no coder can have.
 */
export function hookWidth(name: string, config: ModelConfig, head?: number): number {
  return widthOf(pointIn(name, "width"), head, config);
}

/**
 * Checks that a coder can run in a model: layer, hook points, widths, convention.
 * @throws Error naming the coder, its hook point, what was found and what was expected.
 */
export function checkFits(
  coder: CoderConfig,
  model: Pick<HookedModel, "config" | "processing">,
): void {
  const { input, output } = coderPoints(coder);
  const name = coderName(coder);
  for (const hook of [coder.inputHook, coder.outputHook]) {
    if (splitHook(hook)!.layer === coder.layer) continue;
    throw new Error(`${name}: hook point "${hook}" is not in the coder's layer ${coder.layer}`);
  }
  checkPoint(name, coder.layer, input, coder.dIn, model);
  checkPoint(name, coder.layer, output, coder.dOut, model);
  if (POINTS[output.point].kind === "bare") {
    throw new Error(`${name}: the value at "${coder.outputHook}" cannot be replaced`);
  }
  const beyond = coder.decoderLayers?.find((layer) => layer >= model.config.nLayers);
  if (beyond !== undefined) {
    throw new Error(
      `${name}: writes to layer ${beyond}; the model has layers 0 … ${model.config.nLayers - 1}`,
    );
  }
}

function checkPoint(
  name: string,
  layer: number,
  { point, convention, head }: CoderPoint,
  width: number,
  { config, processing }: Pick<HookedModel, "config" | "processing">,
): void {
  const facts = POINTS[point];
  const hook = hookName(layer, point);
  // Points of TransformerLens that our blocks lack have the existence conditions of those they are computed from.
  try {
    parseHookName(hookName(layer, facts.at), config);
  } catch (cause) {
    throw new Error(`${name}: ${(cause as Error).message}`, { cause });
  }
  const heads = headsAt(point, config);
  if (head !== undefined && !(facts.heads && head >= 0 && head < heads)) {
    const why = facts.heads ? `the model has heads 0 … ${heads - 1}` : "it has no heads";
    throw new Error(`${name}: head ${head} at "${hook}": ${why}`);
  }
  const expected = widthOf(point, head, config);
  if (width !== expected) {
    throw new Error(`${name}: width ${width} at "${hook}"; the model's is ${expected}`);
  }
  const { foldLayerNorm, centerWritingWeights, foldValueBiases } = processing;
  const refuse = (found: string, load: string): never => {
    throw new Error(
      `${name}: is for "${hook}" of a ${convention} model, but this model has ${found}; load the model ${load}`,
    );
  };
  const folded = convention === "folded";
  if (facts.kind === "normed" && !folded && foldLayerNorm) {
    refuse("folded LayerNorms", "without processing");
  }
  if (facts.kind === "stream" && !folded && centerWritingWeights) {
    refuse("centred writing weights", "without processing");
  }
  if (["values", "results"].includes(facts.kind) && folded !== Boolean(foldValueBiases)) {
    refuse(
      `${foldValueBiases ? "folded" : "unfolded"} value biases`,
      folded ? "with TransformerLens' default processing" : "without processing",
    );
  }
}

/** Returns the width of a hook point's value, all heads together unless `head` is given. */
function widthOf(point: string, head: number | undefined, config: ModelConfig): number {
  const { heads, width } = POINTS[point];
  return config[width] * (heads && head === undefined ? headsAt(point, config) : 1);
}

/** Number of heads that a hook point's value has: keys and values may be shared. */
const headsAt = (point: string, { nHeads, llama }: ModelConfig): number =>
  /^attn\.hook_[kv]$/.test(point) ? llama?.nKvHeads ?? nHeads : nHeads;

/** Returns the block's hook point that holds a coder's value, where a splice can replace it. */
export const blockPoint = ({ point }: CoderPoint): BlockHook => POINTS[point].at;

/** Returns the hook points of the block that {@link pointValue} reads. */
export function pointReads({ point, convention }: CoderPoint): BlockHook[] {
  const { kind, at, norm } = POINTS[point];
  return kind === "bare" || kind === "normed" && convention === "folded"
    ? [norm!.x, norm!.scale]
    : [at];
}

/**
 * Returns the value of a coder's hook point, `[batch, pos, width]`.
 * @param read returns the value of a hook point of the block
 * @param rms whether the block's norms subtract no mean
 */
export function pointValue(
  { point, convention, head }: CoderPoint,
  read: (point: BlockHook) => Value,
  rms: boolean,
): Value {
  const { kind, at, norm, heads } = POINTS[point];
  const centred = (x: Value) => rms ? x : sub(x, mean(x, [-1], true));
  if (kind === "bare" || kind === "normed" && convention === "folded") {
    return div(centred(read(norm!.x)), read(norm!.scale));
  }
  const value = read(at);
  if (kind === "stream" && convention === "folded") return centred(value);
  if (!heads) return value;
  const [b, p, H, w] = value.shape;
  if (head === undefined) return reshape(value, [b, p, productDim([H, w])]);
  return reshape(slice(value, 2, head, head + 1), [b, p, w]);
}

/**
 * Returns the block's value `computed` with a coder's output `made` `[batch, pos, width]` in its place.
 * @param positions where the output takes the place: 1 or 0, `[batch, pos, 1]`; default: everywhere
 */
export function replacedValue(
  point: CoderPoint,
  computed: Value,
  made: Value,
  positions?: Value,
): Value {
  const replaced = replacedEverywhere(point, computed, made);
  if (!positions) return replaced;
  const here = greater(positions, 0);
  return where(computed.rank === 4 ? unsqueeze(here, 3) : here, replaced, computed);
}

function replacedEverywhere({ point, head }: CoderPoint, computed: Value, made: Value): Value {
  if (!POINTS[point].heads) return made;
  if (head === undefined) return reshape(made, computed.shape);
  const [b, p, H, w] = computed.shape;
  const parts = [
    ...(head > 0 ? [slice(computed, 2, 0, head)] : []),
    reshape(made, [b, p, 1, w]),
    ...(head + 1 < Number(H) ? [slice(computed, 2, head + 1, Number(H))] : []),
  ];
  return parts.length === 1 ? parts[0] : concat(parts, 2);
}
