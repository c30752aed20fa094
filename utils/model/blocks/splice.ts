/**
 * Splices: a sub-graph with weights of its own in the place of a hook point's value.
 *
 *  1. {@link defineSplice} names a function from settings to a {@link SpliceForm}: the weights, and for each hook point the
 *     value there, given what the block computed. That is a transcoder for an MLP, an interpolated output, a frozen head.
 *  2. A plan of a block lists its splices, so they are part of every program's key, as name and settings.
 *  3. While the block is built, its hook points call them. What a block computed and nothing reads is in no model, because
 *     models are cut from their outputs.
 */
import type { Feeds, Shape, Value } from "../../onnx/mod.ts";
import { BLOCK_HOOKS, type BlockHook } from "./hook_names.ts";

/** What a splice uses of the block around it. */
export interface SpliceScope {
  /** the splice's own weights, by name */
  weights: Record<string, Value>;
  /**
   * Returns the value of another hook point of the same block.
   * @throws Error when the splice does not declare that it reads the point, or the block computes it later.
   */
  read(point: BlockHook): Value;
  /**
   * Makes a value one of the splice's own hook points, to read, patch, freeze and differentiate as
   * `blocks.{layer}.{splice}.{point}`; returns the value to go on with.
   * @throws Error when the splice does not declare the point.
   */
  at(point: string, value: Value): Value;
  /** Keeps a value for the backward pass, which computes it again otherwise. */
  save(name: string, value: Value): void;
}

/** What a splice is fed, what it reads, and what it does at each hook point. */
export interface SpliceForm {
  /**
   * Names and shapes of what the splice is fed at each layer. A shape that begins with `BATCH` has one row for each prompt
   * of a run; every other one is a weight.
   */
  weights: Record<string, Shape>;
  /** other hook points of the block that the splice reads */
  reads?: readonly BlockHook[];
  /** names of the splice's own hook points */
  points?: readonly string[];
  /** the value at a hook point, given what the block computed there */
  at: Partial<Record<BlockHook, (computed: Value, scope: SpliceScope) => Value>>;
}

/** A splice with its settings. Programs identify it by what `toJSON` gives. */
export interface Splice {
  /** begins the names of its feeds and of its own hook points */
  readonly name: string;
  /** what it is under its settings */
  readonly form: SpliceForm;
  /** Returns name and settings. */
  toJSON(): unknown;
}

/** A splice at a layer, with its weights there. */
export interface SplicedLayer {
  /** the layer whose block it is in */
  layer: number;
  /** what is spliced in */
  splice: Splice;
  /** its weights there, by name */
  weights: Feeds;
}

const defined = new Set<string>();

/**
 * Defines a splice. Call this at the top level of a module, so that the name stands for one function.
 *
 * @param form must read nothing but the settings, which are plain data: they are the splice's identity
 * @throws Error when the name is taken or is not made of letters, digits, `_` and `-`
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
    const taken = made.points?.find((point) => `${name}.${point}` in BLOCK_HOOKS);
    if (taken) throw new Error(`splice "${name}": every block has a hook point "${name}.${taken}"`);
    return { name, form: made, toJSON: () => [name, settings] };
  };
}

/** Returns the feed name of a splice's weight; no weight of a block has such a name. */
export const spliceFeed = (splice: string, weight: string): string => `splice:${splice}.${weight}`;

/** Returns the name of a splice's own hook point inside a block. */
export const splicePoint = (splice: string, point: string): string => `${splice}.${point}`;

/** @throws Error when two splices of one block have one name, or are at one hook point. */
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

/** @throws Error naming the weights that a splice lacks, or has no use for. */
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
