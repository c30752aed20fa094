/**
 * A splice that changes activations of a coder's features and writes the change into the model. With a' = factor·a + offset,
 * element by element:
 *
 *     own       output + (a' − a)·W_dec                   the block computes its output; a is what the coder reads there now
 *     given     given + (a' − r)·W_dec + (x − x₀)·W_skipᵀ    output, activations r and input x₀ of the run before are given
 *     replaced  a'·W_dec + b_dec + x·W_skipᵀ + error      the coder takes the MLP's place; its error is given
 *
 * Set is factor 0 and offset v, add is 1 and v, multiply is m and 0. A cross-layer coder's part at later layers comes in there
 * as the feed `written`; `hook_decoded` is what is decoded: a' of `replaced`, else the difference.
 */
import { add, type F32, mul, reshape, slice, sub, type Value } from "../../onnx/mod.ts";
import {
  BATCH,
  type BlockHook,
  defineSplice,
  hookName,
  POS,
  type SplicedLayer,
  type SpliceScope,
} from "../../model/mod.ts";
import type { Coder } from "../coder.ts";
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
import { blockPoint, type CoderPoint, coderPoints, pointReads, pointValue } from "./coder_hooks.ts";

/** What an intervention adds to; see the header. */
export type InterventionBase = "own" | "given" | "replaced";

/** Feeds of {@link intervenedSplice}, one row per prompt of the run. */
export interface IntervenedFeeds {
  /** what activations are multiplied by, `[batch, pos, F]` */
  factor: F32;
  /** what is added to them, `[batch, pos, F]` */
  offset: F32;
  /** part of the cross-layer coders below, `[batch, pos, d]`; for cross-layer coders */
  written?: F32;
  /** output before, `[batch, pos, d]`; for `given` */
  given?: F32;
  /** activations before, `[batch, pos, F]`; for `given` */
  reference?: F32;
  /** input before, `[batch, pos, d_in]`; for `given` and a coder with a linear path */
  input?: F32;
  /** error that is added, `[batch, pos, d]`; for `replaced` */
  error?: F32;
}

/** An own hook point of the splice. */
export type IntervenedHook = "hook_pre" | "hook_acts" | "hook_decoded";
const INTERVENED_POINTS: readonly IntervenedHook[] = ["hook_pre", "hook_acts", "hook_decoded"];

interface Settings {
  form: CoderForm;
  input: CoderPoint;
  output: CoderPoint;
  base: InterventionBase;
}

/** Names and shapes of the feeds besides the coder's own weights. */
function runFeeds({ form, base }: Pick<Settings, "form" | "base">) {
  const { features: F, dIn, dOut, layers, skip } = form;
  const rows = (width: number) => [BATCH, POS, width];
  return {
    factor: rows(F),
    offset: rows(F),
    ...(layers > 0 ? { written: rows(dOut) } : {}),
    ...(base === "given" ? { given: rows(dOut), reference: rows(F) } : {}),
    ...(base === "given" && skip ? { input: rows(dIn) } : {}),
    ...(base === "replaced" ? { error: rows(dOut) } : {}),
  };
}

const intervened = defineSplice("intervention", ({ form, input, output, base }: Settings) => {
  const place = blockPoint(output);
  return {
    weights: { ...feedShapes(form), ...runFeeds({ form, base }) },
    reads: pointReads(input).filter((point) => point !== place),
    points: INTERVENED_POINTS,
    at: {
      [place]: (computed: Value, { weights: w, read, at, rms }: SpliceScope) => {
        const valueAt = (point: BlockHook) => point === place ? computed : read(point);
        const x = pointValue(input, valueAt, rms);
        const a = activations(at("hook_pre", preActivations(x, w)), w, form);
        const before = base === "given" ? w.reference : a;
        const after = at("hook_acts", add(mul(before, w.factor), w.offset));
        const change = at("hook_decoded", base === "replaced" ? after : sub(after, before));
        const own = form.layers === 0
          ? w.W_dec
          : reshape(slice(w.W_dec, 1, 0, 1), [form.features, form.dOut]);
        const made = decoded(change, own, base === "replaced" ? w.b_dec : undefined);
        const written = form.layers === 0 ? made : add(made, w.written);
        if (base === "own") return add(computed, written);
        if (base === "replaced") return add(withSkip(written, x, w), w.error);
        const moved = add(w.given, written);
        return form.skip ? withSkip(moved, sub(x, w.input), w) : moved;
      },
    },
  };
});

/** Returns the names of the feeds that a coder's splice takes. */
export function intervenedFeedNames(coder: Coder, base: InterventionBase): string[] {
  return Object.keys(runFeeds({ form: coderForm(coder.config), base }));
}

/**
 * Returns a coder as a splice that changes its activations; see the header. Check the coder with `checkFits` first.
 * @throws Error naming a hook point that no coder can have. A run throws an Error naming a feed that is missing.
 */
export function intervenedSplice(
  coder: Coder,
  base: InterventionBase,
  feeds: IntervenedFeeds,
): SplicedLayer {
  const settings: Settings = { form: coderForm(coder.config), ...coderPoints(coder.config), base };
  const names = intervenedFeedNames(coder, base) as (keyof IntervenedFeeds)[];
  const given = Object.fromEntries(names.flatMap((n) => feeds[n] ? [[n, feeds[n]]] : []));
  return {
    layer: coder.config.layer,
    splice: intervened(settings),
    weights: { ...coderFeeds(coder), ...given },
  };
}

/** Returns the full name of a hook point of {@link intervenedSplice}. */
export function intervenedHook(layer: number, point: IntervenedHook): string {
  return hookName(layer, `intervention.${point}`);
}
