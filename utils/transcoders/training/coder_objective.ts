/**
 * The objective of a coder, for `utils/training`: reconstruction and any terms beside it.
 *
 *   pre = encoder(x)  →  activations  →  ŷ  →  loss = Σ w (ŷ − y)² + Σ_terms coefficient(t) · term
 *
 * The log gets the reconstruction as `mse` or `fvu`, each term times its coefficient, so that they add up to `loss`, and:
 * `l0` (mean number of positive activations), before the step `dead` (number of dead features) and `mean_passes_since_fired`,
 * and how far the output is from the target (`fit_metrics.ts`).
 */
import {
  add,
  div,
  gradients,
  type Graph,
  greater,
  mean,
  mul,
  sub,
  sum,
  tensor,
  type Value,
} from "../../onnx/mod.ts";
import type { BuiltObjective, NamedValues, Objective } from "../../training/mod.ts";
import { activate, type ActivationSettings, carriedBy, type Form } from "./activations/mod.ts";
import { encode, withBiases } from "./encode.ts";
import {
  coefficientAt,
  deadBefore,
  type DeadSettings,
  firingCounts,
  nextCounts,
  type Reconstruction,
  type Term,
  weightOf,
} from "./losses/mod.ts";
import { fitMetrics } from "./fit_metrics.ts";
import { SCALE_STATE, scaled } from "./scales.ts";
import { coderParameters, type CoderShape } from "./shape.ts";

/** What a coder is trained for. */
export interface CoderObjectiveSettings {
  /** sizes */
  shape: CoderShape;
  /** kind of activation */
  activation: ActivationSettings;
  /** kind of reconstruction loss */
  reconstruction: Reconstruction;
  /** terms beside it */
  terms?: readonly Term[];
  /** when a feature counts as dead */
  dead: DeadSettings;
  /** dense or sparse step; default sparse */
  form?: Form;
  /** trains on scaled rows (`scales.ts`); the scales have to be set before the first step */
  normalize?: boolean;
}

/** Rows of inputs and targets. */
export interface CoderBatch {
  /** inputs `[rows, d_in]` */
  x: Float32Array<ArrayBuffer>;
  /** targets `[rows, d_out]`; absent where the target is the input */
  y?: Float32Array<ArrayBuffer>;
}

/**
 * Returns the objective of a coder.
 * @throws Error when settings do not fit each other: a threshold without JumpReLU, two terms of one name.
 */
export function coderObjective(settings: CoderObjectiveSettings): Objective<CoderBatch> {
  const { shape, activation, terms = [] } = settings;
  checkSettings(settings);
  const input = (name: string, data: Float32Array<ArrayBuffer>, width: number) => {
    if (data.length !== shape.rows * width) {
      throw new Error(
        `batch: expected ${shape.rows} rows of ${width} for "${name}", found ${data.length} elements`,
      );
    }
    return tensor(data, [shape.rows, width]);
  };
  return {
    parameters: coderParameters(shape),
    carried: [
      ...firingCounts(shape.features),
      ...carriedBy(activation),
      ...settings.normalize ? SCALE_STATE : [],
    ],
    build: (g, p, carried) => build(g, p, carried, settings),
    feeds: ({ x, y = x }, t) => ({
      x: input("x", x, shape.dIn),
      y: input("y", y, shape.dOut),
      ...Object.assign(
        {},
        ...terms.map((term) => ({
          [coefficientOf(term)]: tensor(Float32Array.of(coefficientAt(term, t)), []),
          ...term.feeds,
        })),
      ),
    }),
  };
}

const coefficientOf = ({ name }: Term) => `coefficient of ${name}`;

function build(
  g: Graph,
  p: NamedValues,
  carried: NamedValues,
  settings: CoderObjectiveSettings,
): BuiltObjective {
  const { shape, activation, terms = [], reconstruction, form = "sparse" } = settings;
  const stored = [g.input("x", [shape.rows, shape.dIn]), g.input("y", [shape.rows, shape.dOut])];
  const [x, y] = settings.normalize ? scaled(stored[0], stored[1], carried) : stored;
  const encoded = encode(x, p, shape);
  const activations = activate(activation, form, encoded, p, carried, shape);
  const { places, values } = activations;
  const output = withBiases(places.decode(values, p.W_dec), x, p);
  const error = sub(output, y);
  const weight = weightOf(reconstruction, y);
  const dead = deadBefore(carried, settings.dead);
  const total = (v: Value) => sum(v, [0, 1]);
  const fit = total(mul(mul(error, error), weight));
  const step = { g, shape, form, p, encoded, activations, error, weight, dead };
  const weighed = terms.map((term) =>
    [term.name, mul(term.value(step), g.input(coefficientOf(term), []))] as const
  );
  const loss = weighed.reduce((sum, [, value]) => add(sum, value), fit);
  const quality = fitMetrics(output, y, error);
  const names = Object.keys(p);
  const found = gradients([loss], [g.constant(1)], Object.values(p));
  return {
    loss,
    gradients: Object.fromEntries(names.map((name, i) => [name, found[i]])),
    metrics: {
      ...reconstruction === "fvu" ? {} : { mse: fit },
      ...Object.fromEntries(weighed),
      l0: mul(sum(places.count(greater(values, 0)), [0]), 1 / shape.rows),
      dead: dead.count,
      mean_passes_since_fired: mean(carried.steps_since_fired, [0]),
      ...quality,
      ...settings.normalize ? { l2_norm: div(quality.l2_norm, carried.target_scale) } : {},
    },
    carried: {
      ...settings.normalize
        ? { input_scale: carried.input_scale, target_scale: carried.target_scale }
        : {},
      ...nextCounts(carried, activations, settings.dead),
      ...activations.carried,
    },
  };
}

function checkSettings({ shape, activation, terms = [] }: CoderObjectiveSettings): void {
  const jumps = activation.kind === "jumprelu";
  if (jumps !== Boolean(shape.threshold)) {
    throw new Error(
      `activation "${activation.kind}" ${jumps ? "needs" : "does not have"} a threshold: ` +
        `set shape.threshold to ${jumps}`,
    );
  }
  const names = terms.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`the loss has two terms "${twice}"`);
}
