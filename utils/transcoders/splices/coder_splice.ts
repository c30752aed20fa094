/**
 * Splices of coders: a coder in the place of a part of a block, or beside it.
 *
 * {@link coderSplice} adds hook points to the coder's layer, which a run can read, patch, freeze and differentiate:
 *
 *     blocks.{l}.transcoder.hook_in       input x
 *     blocks.{l}.transcoder.hook_pre      pre-activations
 *     blocks.{l}.transcoder.hook_acts     activations a of the features
 *     blocks.{l}.transcoder.hook_out      output ŷ
 *     blocks.{l}.transcoder.hook_error    target − ŷ; no gradient passes it
 *
 * The mode says what goes on through the model: the block's own value (`observe`), ŷ (`replace`), or ŷ and the error
 * (`with_error`), which has the same value as `observe` and the gradients of the coder.
 *
 * A cross-layer coder's ŷ has the parts of the coders below it too. They come in as the feed `written`, `[batch, pos, d]`.
 */
import { add, detach, type F32, mul, reshape, slice, sub, type Value } from "../../onnx/mod.ts";
import {
  BATCH,
  type BlockHook,
  defineSplice,
  hookName,
  POS,
  type SplicedLayer,
  type SpliceScope,
} from "../../model/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import {
  activations,
  coderFeeds,
  type CoderForm,
  coderForm,
  decoded,
  feedShapes,
  preActivations,
  withSkip,
} from "../arithmetic.ts";
import {
  blockPoint,
  type CoderPoint,
  coderPoints,
  pointReads,
  pointValue,
  replacedValue,
} from "./coder_hooks.ts";

/** What goes on through the model at a coder's output; see the header. */
export type CoderMode = "observe" | "replace" | "with_error";

/** What a coder's splice takes in addition to the coder. */
export interface CoderSpliceOptions {
  /** output at this layer of the cross-layer coders below, `[batch, pos, d]` */
  written?: F32;
  /** 1 where the mode holds, 0 where the block's own value goes on, `[batch, pos, 1]`; default: the mode holds everywhere */
  positions?: F32;
}

/** A coder's own hook points. */
export const CODER_POINTS = ["hook_in", "hook_pre", "hook_acts", "hook_out", "hook_error"] as const;
/** Name of one of a coder's own hook points. */
export type CoderHook = typeof CODER_POINTS[number];

interface CoderSpliceSettings {
  form: CoderForm;
  input: CoderPoint;
  output: CoderPoint;
  mode: CoderMode;
  /** whether the mode holds at some positions only */
  masked?: true;
}

const spliced = defineSplice(
  "transcoder",
  ({ form, input, output, mode, masked }: CoderSpliceSettings) => {
    const place = blockPoint(output);
    return {
      weights: {
        ...feedShapes(form),
        ...(form.layers > 0 ? { written: [BATCH, POS, form.dOut] } : {}),
        ...(masked ? { positions: [BATCH, POS, 1] } : {}),
      },
      reads: othersThan(place, pointReads(input)),
      points: CODER_POINTS,
      at: {
        [place]: (computed: Value, { weights: w, read, at, save, rms }: SpliceScope) => {
          const valueAt = (point: BlockHook) => point === place ? computed : read(point);
          const x = at("hook_in", pointValue(input, valueAt, rms));
          const pre = at("hook_pre", preActivations(x, w));
          save("pre", pre);
          const a = at("hook_acts", activations(pre, w, form));
          const made = at("hook_out", outputOf(a, x, w, form));
          const target = pointValue(output, () => computed, rms);
          const error = at("hook_error", detach(sub(target, made)));
          if (mode === "observe") return computed;
          const out = mode === "replace" ? made : add(made, error);
          return replacedValue(output, computed, out, masked && w.positions);
        },
      },
    };
  },
);

const othersThan = (place: BlockHook, points: readonly BlockHook[]) =>
  points.filter((point) => point !== place);

function outputOf(a: Value, x: Value, w: Record<string, Value>, form: CoderForm): Value {
  if (form.layers === 0) return withSkip(decoded(a, w.W_dec, w.b_dec), x, w);
  const own = reshape(slice(w.W_dec, 1, 0, 1), [form.features, form.dOut]);
  return add(withSkip(decoded(a, own, w.b_dec), x, w), w.written);
}

/**
 * Returns a coder as a splice for a run. Check it with {@link checkFits} first.
 * @throws Error naming a hook point that no coder can have, or if a cross-layer coder lacks `written`.
 */
export function coderSplice(
  coder: Coder,
  mode: CoderMode,
  { written, positions }: CoderSpliceOptions = {},
): SplicedLayer {
  const { config } = coder;
  const weights = coderFeeds(coder);
  if (config.kind === "cross_layer") {
    if (!written) {
      throw new Error(
        `a cross-layer coder at layer ${config.layer} needs what the layers below write`,
      );
    }
    weights.written = written;
  }
  if (positions) weights.positions = positions;
  const settings = { form: coderForm(config), ...coderPoints(config), mode };
  const splice = spliced({ ...settings, ...(positions ? { masked: true as const } : {}) });
  return { layer: config.layer, splice, weights };
}

/** Returns the full name of a coder's own hook point, e.g. `blocks.3.transcoder.hook_acts`. */
export function coderHook({ layer }: Pick<CoderConfig, "layer">, point: CoderHook): string {
  return hookName(layer, `transcoder.${point}`);
}

const tapped = defineSplice(
  "coder_tap",
  ({ input, output }: Record<"input" | "output", CoderPoint>) => {
    const place = blockPoint(output);
    return {
      weights: {},
      reads: othersThan(place, pointReads(input)),
      points: ["hook_in", "hook_target"],
      at: {
        [place]: (computed: Value, { read, at, rms }: SpliceScope) => {
          at("hook_in", pointValue(input, (p) => p === place ? computed : read(p), rms));
          at("hook_target", pointValue(output, () => computed, rms));
          return computed;
        },
      },
    };
  },
);

/** What a coder of some hook points would read and should give. */
export interface CoderTap {
  /** splice without weights, which changes nothing */
  spliced: SplicedLayer;
  /** hook point of the input x, `[batch, pos, d_in]` */
  input: string;
  /** hook point of the target y, `[batch, pos, d_out]` */
  target: string;
}

/**
 * Returns a splice that makes a coder's input and target readable, without the coder.
 * @throws Error naming a hook point that no coder can have.
 */
export function coderTap(config: CoderConfig): CoderTap {
  return {
    spliced: { layer: config.layer, splice: tapped(coderPoints(config)), weights: {} },
    input: hookName(config.layer, "coder_tap.hook_in"),
    target: hookName(config.layer, "coder_tap.hook_target"),
  };
}

const zeroed = defineSplice("zero_ablation", ({ point }: { point: BlockHook }) => ({
  weights: {},
  at: { [point]: (computed: Value) => mul(computed, 0) },
}));

/** Returns a splice that puts zeros in the place of a block's value, such as `hook_mlp_out`. */
export function zeroSplice(layer: number, point: BlockHook): SplicedLayer {
  return { layer, splice: zeroed({ point }), weights: {} };
}
