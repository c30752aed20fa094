/** The graph of a training step: the objective, the optimiser's chain after it, and which result replaces which input. */
import { Graph, sub, type Value } from "../onnx/mod.ts";
import { type Block, blocksOf, joined, tensorsOf } from "./blocks.ts";
import type { NamedValues, Objective } from "./objective.ts";
import { type Optimiser, sumOf, type Update } from "./optimiser/mod.ts";
import { layoutOf } from "./parameters.ts";
import { type TrainingState } from "./state.ts";

/** A result that takes the place of an input for the next step. */
export interface Replaced {
  /** input of the graph, with the name of its feed */
  input: Value;
  /** its next value */
  result: Value;
  /** Returns its memory in a state, as a view. */
  memory(state: TrainingState): Float32Array<ArrayBuffer>;
}

/** The values of a step. */
export interface StepGraph {
  /** loss before the update, `[]` */
  loss: Value;
  /** numbers of the objective, `[]` each */
  metrics: NamedValues;
  /** numbers of the optimiser, `[]` each */
  optimiserMetrics: NamedValues;
  /** parameters, slots and carried tensors, by block */
  replaced: Replaced[];
}

/**
 * Builds the graph of a step.
 * @throws Error naming the gradient or carried tensor that the objective does not give, or a metric that is not a scalar.
 */
export function buildStep<Batch>(objective: Objective<Batch>, optimiser: Optimiser): StepGraph {
  const layout = layoutOf(objective.parameters);
  const carried = layoutOf(objective.carried ?? []).tensors;
  const blocks = blocksOf(layout, optimiser.flatMap((part) => part.separate ?? []));
  const g = new Graph();
  const parameters = blocks.map(({ name, shape }) => g.input(name, shape));
  const before = Object.fromEntries(carried.map(({ name, shape }) => [name, g.input(name, shape)]));
  const built = objective.build(g, tensorsOf(blocks, parameters), before);
  const gradients = blocks.map((block) =>
    joined(block, (name) => required(built.gradients, name, "gradient"))
  );
  const replaced: Replaced[] = [];
  const optimiserMetrics: NamedValues = {};
  let updates: readonly Update[] = gradients.map((value) => [
    { value, factor: built.gradientFactor },
  ]);
  for (const part of optimiser) {
    if (!part.apply) continue;
    const slots = (part.slots ?? []).map((slot) =>
      [slot, blocks.map(({ name, shape }) => g.input(`${slot} ${name}`, shape))] as const
    );
    const made = part.apply({
      graph: g,
      blocks,
      parameters,
      updates,
      slots: Object.fromEntries(slots),
      scalars: Object.fromEntries(
        Object.keys(part.scalars?.(1) ?? {}).map((name) => [name, g.input(name, [])]),
      ),
    });
    updates = made.updates;
    Object.assign(optimiserMetrics, made.metrics);
    for (const [slot, inputs] of slots) {
      blocks.forEach((block, i) =>
        replaced.push({
          input: inputs[i],
          result: made.slots![slot][i],
          memory: ({ slots }) => placeOf(slots[slot], block),
        })
      );
    }
  }
  blocks.forEach((block, i) =>
    replaced.push({
      input: parameters[i],
      result: constrained(optimiser, block, sub(parameters[i], sumOf(updates[i]))),
      memory: ({ weights }) => placeOf(weights, block),
    })
  );
  for (const { name } of carried) {
    replaced.push({
      input: before[name],
      result: required(built.carried ?? {}, name, "carried tensor"),
      memory: (state) => state.carried[name],
    });
  }
  const metrics = built.metrics ?? {};
  checkScalars({ loss: built.loss, ...metrics, ...optimiserMetrics });
  return { loss: built.loss, metrics, optimiserMetrics, replaced };
}

function placeOf(vector: Float32Array<ArrayBuffer>, { offset, size }: Block) {
  return vector.subarray(offset, offset + size);
}

/** Returns what the constraints on a block make of its updated value. */
function constrained(optimiser: Optimiser, { name }: Block, updated: Value): Value {
  return optimiser.filter((part) => part.separate?.includes(name))
    .reduce((value, part) => part.after?.(name, value) ?? value, updated);
}

function required(values: NamedValues, name: string, what: string): Value {
  if (values[name]) return values[name];
  throw new Error(
    `the objective gives no ${what} for "${name}"; it gives: ${Object.keys(values).join(", ")}`,
  );
}

function checkScalars(values: NamedValues): void {
  for (const [name, value] of Object.entries(values)) {
    if (value.rank === 0) continue;
    throw new Error(`"${name}" must be a scalar, found ${value}; average it in the objective`);
  }
}
