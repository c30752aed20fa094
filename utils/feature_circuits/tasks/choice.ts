/**
 * Chooses the circuit of a task, and says what it is worth:
 *
 *  1. Nodes rank by the size of their mean effect (`task_values.ts`). The circuit of size n is the first n of them.
 *  2. The smallest n whose faithfulness passes the threshold is searched as for circuits of heads:
 *
 *         faithfulness = metric of the circuit / metric of the whole model
 *         normalized   = (circuit − empty) / (whole − empty)
 *
 *     `empty` is the metric with all nodes ablated. Attention remains, so it need not be 0.
 *  3. Control: circuits of the same sizes whose features are replaced by others of the same layer and role that are active on
 *     about as many prompts. Errors stay.
 *  4. Stability: mean Jaccard similarity with the circuits of the same size that resampled prompts choose.
 */
import { PythonRandom } from "../../base/mod.ts";
import {
  circuitStability,
  searchCircuitSize,
  type SearchRange,
  type SearchType,
} from "../../circuits/mod.ts";
import { circuitMetrics } from "./evaluation.ts";
import { ERROR } from "./node_space.ts";
import type { FeatureTask, TaskValues } from "./task_values.ts";

/** What the search compares with the threshold. */
export const MEASURES = ["faithfulness", "normalized"] as const;

/** How a circuit is chosen. */
export interface ChoiceOptions extends SearchRange {
  /** how the search steps through sizes */
  search: SearchType;
  /** what it compares with the threshold */
  measure: typeof MEASURES[number];
  /** rank by absolute effect; otherwise by signed effect */
  absolute: boolean;
  /** resamples for the stability; 0: none */
  resamples: number;
  /** random seed of the control and of resampling */
  seed: number;
}

/** One evaluated size. */
export interface FeatureCurvePoint {
  /** number of nodes */
  size: number;
  /** metric / metric of the whole model */
  faithfulness: number;
  /** (metric − empty) / (whole − empty) */
  normalized: number;
}

/** A task's circuit. */
export interface FeatureCircuit {
  /** numbers of its nodes, largest effect first */
  nodes: number[];
  /** whether the threshold was passed */
  reached: boolean;
  /** mean metric with all nodes ablated */
  empty: number;
  /** every evaluated size, ascending */
  curve: FeatureCurvePoint[];
  /** control circuits of the same sizes */
  random: FeatureCurvePoint[];
  /** mean Jaccard similarity over resampled prompts */
  stability?: number;
}

/** Returns the means over prompts, `[nodes]`. */
export function meanOver(perPrompt: Float32Array, nodes: number): Float64Array {
  const n = perPrompt.length / nodes, means = new Float64Array(nodes);
  for (let i = 0; i < perPrompt.length; i++) means[i % nodes] += perPrompt[i] / n;
  return means;
}

/** Returns nodes by effect, largest first; those without effect are left out. */
export function effectOrder(effects: ArrayLike<number>, absolute: boolean): number[] {
  const size = (i: number) => absolute ? Math.abs(effects[i]) : effects[i];
  return Array.from({ length: effects.length }, (_, i) => i)
    .filter((i) => effects[i] !== 0)
    .sort((a, b) => size(b) - size(a) || a - b);
}

/** Returns the mask of the first n nodes of an order. */
function maskOf(nodes: number, order: readonly number[], n: number): Uint8Array {
  const mask = new Uint8Array(nodes);
  for (const node of order.slice(0, n)) mask[node] = 1;
  return mask;
}

/** Chooses the circuit; see the header. The range's end is cut to the number of nodes with an effect. */
export async function chooseFeatures(
  task: FeatureTask,
  values: TaskValues,
  options: ChoiceOptions,
): Promise<FeatureCircuit> {
  const { size } = values.space, { measure, absolute, resamples, seed } = options;
  const mean = (list: ArrayLike<number>) =>
    Array.from(list).reduce((a, b) => a + b, 0) / list.length;
  const whole = mean(values.metric);
  const [none] = await circuitMetrics(task, values, [new Uint8Array(size)]);
  const empty = mean(none);
  const order = effectOrder(meanOver(values.effects, size), absolute);
  const points = async (by: readonly number[], sizes: readonly number[]) => {
    const found = await circuitMetrics(task, values, sizes.map((n) => maskOf(size, by, n)));
    return found.map((metrics, i): FeatureCurvePoint => ({
      size: sizes[i],
      faithfulness: ratio(mean(metrics), whole),
      normalized: ratio(mean(metrics) - empty, whole - empty),
    }));
  };
  const end = Math.max(1, Math.min(options.end, order.length));
  const known = new Map<number, FeatureCurvePoint>();
  const evaluate = async (sizes: number[]) => {
    const found = await points(order, sizes);
    found.forEach((point) => known.set(point.size, point));
    return found.map((point) => point[measure]);
  };
  const range = { ...options, start: Math.min(options.start, end), end };
  const chosen = await searchCircuitSize(options.search, evaluate, range);
  const sizes = [...known.keys()].sort((a, b) => a - b);
  const random = await points(equalFrequency(values, order, sizes.at(-1)!, seed), sizes);
  return {
    nodes: order.slice(0, chosen.size),
    reached: chosen.reached,
    empty,
    curve: sizes.map((n) => known.get(n)!),
    random,
    ...(resamples > 0 && {
      stability: circuitStability(
        { nPrompts: values.metric.length, scores: values.effects },
        (means) => maskOf(size, effectOrder(means, absolute), chosen.size),
        { resamples, seed },
      ),
    }),
  };
}

const ratio = (a: number, b: number) => b === 0 ? 0 : a / b;

/** Candidates of nearest frequency among which the control draws. */
const NEAREST = 10;

/**
 * Returns an order in which each of the first n features is replaced by a random one of the same layer and role that is active
 * on about as many prompts and is neither among the n nor taken before. A feature without such a twin is left out.
 */
export function equalFrequency(
  { space, masses }: Pick<TaskValues, "space" | "masses">,
  order: readonly number[],
  n: number,
  seed: number,
): number[] {
  const N = masses.length / space.size;
  const taken = new Set(order.slice(0, n));
  const random = new PythonRandom(seed);
  const frequency = new Uint32Array(space.size);
  for (let i = 0; i < N; i++) {
    for (let node = 0; node < space.size; node++) {
      if (masses[i * space.size + node] !== 0) frequency[node]++;
    }
  }
  return order.slice(0, n).flatMap((node) => {
    const { layer, role, feature } = space.at(node);
    if (feature === ERROR) return [node];
    const first = space.index(layer, role, 0);
    const candidates = Array.from({ length: space.features[layer] }, (_, f) => first + f)
      .filter((other) => !taken.has(other) && frequency[other] > 0)
      .sort((a, b) =>
        Math.abs(frequency[a] - frequency[node]) - Math.abs(frequency[b] - frequency[node]) || a - b
      )
      .slice(0, NEAREST);
    if (candidates.length === 0) return [];
    const twin = random.choice(candidates);
    taken.add(twin);
    return [twin];
  });
}
