/**
 * Training as two compiled graphs: one step (forward, backward, optimiser), and the loss alone.
 *
 *  1. Build the objective's graph and the optimiser's chain after it.
 *  2. Feed a step with the state's own vectors, and let it write its results over them. Where the graph does not prove
 *     that everything has been read by then (`write_order.ts`), the result goes to a second buffer and is copied.
 */
import {
  type Feeds,
  Graph,
  Session,
  type SessionOptions,
  sub,
  type Tensor,
  tensor,
  type Value,
} from "../onnx/mod.ts";
import { type Block, blocksOf, joined, tensorsOf } from "./blocks.ts";
import type { NamedValues, Objective } from "./objective.ts";
import { type Optimiser, scalarsOf, slotsOf, sumOf, type Update } from "./optimiser/part.ts";
import { layoutOf, viewOf } from "./parameters.ts";
import { checkState, type TrainingState } from "./state.ts";
import { WriteOrder } from "./write_order.ts";

/** What a step tells. */
export interface StepResult {
  /** loss before the update */
  loss: number;
  /** the optimiser's and the objective's metrics, before the update */
  metrics: Record<string, number>;
  /** the learning rate, where the optimiser has one */
  rate?: number;
}

/** A result and the memory that it is written to. */
interface Write {
  output: string;
  result: Value;
  target: Tensor<Float32Array>;
  /** memory of its own, where `target` may still be read when the result is written */
  second?: Tensor<Float32Array>;
}

/** One objective with its optimiser and state. */
export class Trainer<Batch> {
  readonly #given: Feeds;
  readonly #into: Feeds;

  private constructor(
    private readonly objective: Objective<Batch>,
    private readonly optimiser: Optimiser,
    /** parameters, slots and carried tensors; each step changes it in place */
    readonly state: TrainingState,
    private readonly writes: readonly Write[],
    given: Feeds,
    private readonly optimiserMetrics: readonly string[],
    private readonly stepSession: Session,
    private readonly lossSession: Session,
  ) {
    this.#given = given;
    this.#into = Object.fromEntries(writes.map((w) => [w.output, w.second ?? w.target]));
  }

  /**
   * Compiles both graphs.
   * @param state is changed in place by every step
   * @throws Error naming what the state, the objective or the optimiser lacks.
   */
  static async compile<Batch>(
    objective: Objective<Batch>,
    optimiser: Optimiser,
    state: TrainingState,
    options: SessionOptions = {},
  ): Promise<Trainer<Batch>> {
    const layout = layoutOf(objective.parameters);
    const carriedLayout = layoutOf(objective.carried ?? []);
    checkState(state, layout, slotsOf(optimiser), carriedLayout);
    const blocks = blocksOf(layout, optimiser.flatMap((part) => part.separate ?? []));
    const g = new Graph();
    const parameters = blocks.map(({ name, shape }) => g.input(name, shape));
    const carried = carriedLayout.tensors.map(({ name, shape }) => g.input(name, shape));
    const built = objective.build(
      g,
      tensorsOf(blocks, parameters),
      Object.fromEntries(carriedLayout.tensors.map(({ name }, i) => [name, carried[i]])),
    );
    const gradients = blocks.map((block) =>
      joined(block, (name) => required(built.gradients, name, "gradient"))
    );
    const step = optimiserStep(optimiser, blocks, parameters, gradients, built.gradientFactor);

    const given: Feeds = {};
    const replaced: { input: Value; result: Value; target: Tensor<Float32Array> }[] = [];
    const replace = (input: Value, result: Value, data: Float32Array<ArrayBuffer>) => {
      const target = tensor(data, input.shape as number[]);
      given[input.name] = target;
      if (result !== input) replaced.push({ input, result, target });
    };
    blocks.forEach((block, i) => {
      replace(parameters[i], step.parameters[i], viewOf(state.weights, block));
      for (const { name, before, after } of step.slots) {
        replace(before[i], after[i], viewOf(state.slots[name], block));
      }
    });
    carriedLayout.tensors.forEach(({ name }, i) => {
      const next = required(built.carried ?? {}, name, "carried tensor");
      replace(carried[i], next, state.carried[name]);
    });

    const metrics = { ...built.metrics, ...step.metrics };
    const scalars = { loss: built.loss, ...metrics };
    checkScalars(scalars);
    const order = new WriteOrder([...Object.values(scalars), ...replaced.map((r) => r.result)]);
    const writes = replaced.map(({ input, result, target }): Write => ({
      output: `next ${input.name}`,
      result,
      target,
      second: order.isSafe(input, result)
        ? undefined
        : tensor(new Float32Array(target.data.length), target.shape),
    }));
    const outputs = { ...scalars, ...Object.fromEntries(writes.map((w) => [w.output, w.result])) };
    // Every step has the same shapes: memory given back would only be faulted in again.
    const stepSession = await Session.compile(outputs, {}, { ...options, arena: true });
    const lossSession = await Session.compile({ loss: built.loss, ...built.metrics }, {}, options);
    const names = Object.keys(step.metrics);
    return new Trainer(objective, optimiser, state, writes, given, names, stepSession, lossSession);
  }

  /** Names of the blocks that a step cannot write in place, and needs a second buffer for. */
  get secondBuffers(): string[] {
    return this.writes.filter((w) => w.second).map((w) => w.output.slice("next ".length));
  }

  /**
   * Makes one step.
   * @throws Error naming the step when the loss or a number of the optimiser is not finite; the state is then spoilt.
   */
  async step(batch: Batch): Promise<StepResult> {
    const t = this.state.step + 1;
    const scalars = scalarsOf(this.optimiser, t);
    const feeds: Feeds = { ...this.objective.feeds(batch, t), ...this.#given };
    for (const [name, value] of Object.entries(scalars)) {
      feeds[name] = tensor(Float32Array.of(value), []);
    }
    const results = await this.stepSession.run(feeds, this.#into);
    const { loss, ...metrics } = this.#numbers(results);
    const checked = {
      loss,
      ...Object.fromEntries(this.optimiserMetrics.map((n) => [n, metrics[n]])),
    };
    if (!Object.values(checked).every(Number.isFinite)) {
      const found = Object.entries(checked).map(([name, value]) => `${name} ${value}`).join(", ");
      throw new Error(`step ${t}: expected finite numbers, found ${found}`);
    }
    for (const { target, second } of this.writes) if (second) target.data.set(second.data);
    this.state.step = t;
    return { loss, metrics, ...("rate" in scalars && { rate: scalars.rate }) };
  }

  /** Returns loss and metrics of the objective on a batch with the present parameters; changes nothing. */
  async evaluate(batch: Batch): Promise<{ loss: number; metrics: Record<string, number> }> {
    const feeds = { ...this.objective.feeds(batch, this.state.step + 1), ...this.#given };
    const { loss, ...metrics } = this.#numbers(await this.lossSession.run(feeds));
    return { loss, metrics };
  }

  /** The scalar results of a session. */
  #numbers(
    results: Record<string, Tensor<Float32Array>>,
  ): Record<string, number> & { loss: number } {
    const numbers = Object.entries(results).filter(([name]) => !(name in this.#into))
      .map(([name, { data }]) => [name, data[0]]);
    return Object.fromEntries(numbers);
  }

  /** Frees the compiled graphs. */
  async release(): Promise<void> {
    await this.stepSession.release();
    await this.lossSession.release();
  }
}

/** Adds the optimiser to the graph: the parameters and slots after the step, by block. */
function optimiserStep(
  optimiser: Optimiser,
  blocks: readonly Block[],
  parameters: readonly Value[],
  gradients: readonly Value[],
  factor: Value | undefined,
) {
  const graph = parameters[0].graph;
  let updates: readonly Update[] = gradients.map((value) => [{ value, factor }]);
  const slots: { name: string; before: Value[]; after: readonly Value[] }[] = [];
  const metrics: NamedValues = {};
  for (const part of optimiser) {
    if (!part.apply) continue;
    const own = (part.slots ?? []).map((name) =>
      [name, blocks.map((block) => graph.input(`${name} ${block.name}`, block.shape))] as const
    );
    const made = part.apply({
      graph,
      blocks,
      parameters,
      updates,
      slots: Object.fromEntries(own),
      scalars: Object.fromEntries(
        Object.keys(part.scalars?.(1) ?? {}).map((name) => [name, graph.input(name, [])]),
      ),
    });
    updates = made.updates;
    for (const [name, before] of own) slots.push({ name, before, after: made.slots![name] });
    Object.assign(metrics, made.metrics);
  }
  const next = blocks.map(({ name }, i) =>
    optimiser.filter((part) => part.after && part.separate?.includes(name)).reduce(
      (value, part) => part.after!(name, value),
      sub(parameters[i], sumOf(updates[i])),
    )
  );
  return { parameters: next, slots, metrics };
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
