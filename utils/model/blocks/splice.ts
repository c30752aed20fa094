/**
 * Replaces the value at a hook point with the result of a sub-graph that has its own weights: a splice.
 *
 *  1. {@link defineSplice} names a function from settings to a {@link SpliceForm}: the weights, and for each hook point the
 *     new value, given the one that the block computed. A splice can put a transcoder in the place of an MLP, interpolate
 *     an output or freeze a head.
 *  2. The plan of a block lists its splices, so their names and settings are part of the program's key.
 *  3. While the block is built, its hook points call the splices. If nothing reads a value that a splice replaces, no model
 *     computes it, because models are cut backward from their outputs.
 */
import type { Feeds, Shape, Value } from "../../onnx/mod.ts";
import { BLOCK_HOOK_ORDER, type BlockHook } from "./hook_names.ts";

/** Gives a splice access to its weights and to the block around it. */
export interface SpliceScope {
  /** the splice's own weights, by name */
  weights: Record<string, Value>;
  /**
   * Returns the value of another hook point of the same block.
   * @throws Error if the splice does not list the point in `reads`, or the block computes it later.
   */
  read(point: BlockHook): Value;
  /**
   * Makes a value one of the splice's own hook points. A run can read, patch, freeze and differentiate it as
   * `blocks.{layer}.{splice}.{point}`. Returns the value to use from here on.
   * @throws Error if the splice does not list the point in `points`.
   */
  at(point: string, value: Value): Value;
  /** Saves a value for the backward pass, which would otherwise recompute it. */
  save(name: string, value: Value): void;
  /** whether the block's norms divide by the root mean square and subtract no mean */
  rms: boolean;
}

/** What a splice takes, reads and computes. */
export interface SpliceForm {
  /**
   * Names and shapes of the splice's feeds at each layer. A feed whose shape begins with `BATCH` has one row per prompt of
   * a run; every other feed is a weight.
   */
  weights: Record<string, Shape>;
  /** other hook points of the block that the splice reads */
  reads?: readonly BlockHook[];
  /** names of the splice's own hook points */
  points?: readonly string[];
  /** functions that return the new value at a hook point, given the one that the block computed */
  at: Partial<Record<BlockHook, (computed: Value, scope: SpliceScope) => Value>>;
}

/** A splice with its settings. The result of `toJSON` identifies it in program keys. */
export interface Splice {
  /** name given to {@link defineSplice} */
  readonly name: string;
  /** what the splice takes, reads and computes under its settings */
  readonly form: SpliceForm;
  /** Returns name and settings. */
  toJSON(): unknown;
}

/** A splice at one layer, with its weights there. */
export interface SplicedLayer {
  /** layer, counted from 0 */
  layer: number;
  /** splice with its settings */
  splice: Splice;
  /** values of the form's `weights`, by name */
  weights: Feeds;
}

const defined = new Set<string>();

/**
 * Defines a splice. Call this at the top level of a module, so that the name stands for one function.
 *
 * @param form depends on the settings only, which are plain data and identify the splice
 * @throws Error if the name is taken or contains anything but letters, digits, `_` and `-`
 * @example Scale the output of the MLP of layer 1.
 * ```ts
 * import { defineSplice, HookedModel } from "../mod.ts";
 * import { mul } from "../../onnx/mod.ts";
 * import { assertNotEquals } from "@std/assert";
 *
 * const scaledMlp = defineSplice("scaled-mlp", ({ factor }: { factor: number }) => ({
 *   weights: {},
 *   at: { hook_mlp_out: (computed) => mul(computed, factor) },
 * }));
 * const model = await HookedModel.load("pythia-nano", { revision: "step6144" });
 * const splices = [{ layer: 1, splice: scaledMlp({ factor: 0.5 }), weights: {} }];
 * const [before, after] = [await model.logits([[1, 2]], [1]), await model.logits([[1, 2]], [1], { splices })];
 * assertNotEquals(before.data, after.data);
 * ```
 */
export function defineSplice<Settings>(
  name: string,
  form: (settings: Settings) => SpliceForm,
): (settings: Settings) => Splice {
  if (!/^[\w-]+$/.test(name)) {
    throw new Error(`splice name "${name}": expected letters, digits, _ and -`);
  }
  if (defined.has(name)) {
    throw new Error(
      `two splices are named "${name}"; define a splice once, at the top level of a module, and pass what differs as ` +
        "settings",
    );
  }
  defined.add(name);
  return (settings) => {
    const made = form(settings);
    const taken = made.points?.find((point) =>
      BLOCK_HOOK_ORDER.some((own) => own === `${name}.${point}`)
    );
    if (taken) throw new Error(`splice "${name}": every block has a hook point "${name}.${taken}"`);
    return { name, form: made, toJSON: () => [name, settings] };
  };
}

/** Returns the feed name of a splice's weight. It differs from the names of all block weights. */
export const spliceFeed = (splice: string, weight: string): string => `splice:${splice}.${weight}`;

/** Returns the full name of a hook point that a splice adds to a layer: `blocks.{layer}.{splice}.{point}`. */
export const spliceHookName = (layer: number, splice: string, point: string): string =>
  `blocks.${layer}.${splicePoint(splice, point)}`;

/** Returns the name of a splice's own hook point inside a block. */
export const splicePoint = (splice: string, point: string): string => `${splice}.${point}`;

/**
 * Checks the splices of one block against each other.
 * @throws Error if two of them have the same name or the same hook point.
 */
export function checkSplices(splices: readonly Splice[]): void {
  const names = new Set<string>();
  const points = new Map<string, string>();
  for (const { name, form } of splices) {
    if (names.has(name)) throw new Error(`splice "${name}" is given twice for one layer`);
    names.add(name);
    for (const point of Object.keys(form.at)) {
      const other = points.get(point);
      if (other !== undefined) {
        throw new Error(
          `splices "${other}" and "${name}" are both at hook point "${point}" of one layer; make them one splice`,
        );
      }
      points.set(point, name);
    }
  }
}

/**
 * Checks that a splice is given exactly the weights of its form.
 * @throws Error naming the weights that are missing or unknown.
 */
export function checkSpliceWeights({ splice, layer, weights }: SplicedLayer): void {
  const expected = Object.keys(splice.form.weights);
  const found = Object.keys(weights);
  const wrong = [
    ...expected.filter((name) => !found.includes(name)).map((name) => `"${name}" is missing`),
    ...found.filter((name) => !expected.includes(name)).map((name) => `"${name}" is unknown`),
  ];
  if (wrong.length > 0) {
    throw new Error(
      `splice "${splice.name}" at layer ${layer} has the weights ${expected.join(", ")}; ` +
        wrong.join(", "),
    );
  }
}
