/**
 * Training as two compiled graphs: one step (forward, backward, optimiser), and the loss alone.
 *
 * A step is fed with the state's own vectors and writes its results over them. Where the graph does not prove that
 * everything has been read by then (`write_order.ts`), a result goes to a second buffer and is copied after the step.
 */
import { type Feeds, Session, type SessionOptions, type Tensor, tensor } from "../onnx/mod.ts";
import type { NamedValues, Objective } from "./objective.ts";
import { type Optimiser, scalarsOf, slotsOf } from "./optimiser/mod.ts";
import { layoutOf } from "./parameters.ts";
import { checkState, type TrainingState } from "./state.ts";
import { buildStep } from "./step_graph.ts";
import { WriteOrder } from "./write_order.ts";

/** What a step reports. */
export interface StepResult {
  /** loss before the update */
  loss: number;
  /** the objective's and the optimiser's numbers, before the update */
  metrics: Record<string, number>;
  /** the learning rate, where the optimiser has one */
  rate?: number;
}

/** A result and the memory that it is written to. */
interface Write {
  /** name of the input that it replaces */
  input: string;
  /** memory of that input */
  target: Tensor<Float32Array>;
  /** memory of its own, where `target` may still be read when the result is written */
  second?: Tensor<Float32Array>;
}

/** One objective with its optimiser and state. */
export class Trainer<Batch> {
  readonly #into: Feeds;

  private constructor(
    private readonly objective: Objective<Batch>,
    private readonly optimiser: Optimiser,
    /** parameters, slots and carried tensors; each step changes it in place */
    readonly state: TrainingState,
    private readonly given: Feeds,
    private readonly writes: readonly Write[],
    private readonly optimiserMetrics: readonly string[],
    private readonly stepSession: Session,
    private readonly lossSession: Session,
  ) {
    this.#into = Object.fromEntries(
      writes.map(({ input, target, second }) => [nextName(input), second ?? target]),
    );
  }

  /**
   * Compiles both graphs.
   * @param state is changed in place by every step
   * @throws Error naming what the state or the objective lacks.
   */
  static async compile<Batch>(
    objective: Objective<Batch>,
    optimiser: Optimiser,
    state: TrainingState,
    options: SessionOptions = {},
  ): Promise<Trainer<Batch>> {
    const carried = layoutOf(objective.carried ?? []);
    checkState(state, layoutOf(objective.parameters), slotsOf(optimiser), carried);
    const { loss, metrics, optimiserMetrics, replaced } = buildStep(objective, optimiser);
    const numbers = { loss, ...metrics, ...optimiserMetrics };
    const order = new WriteOrder([...Object.values(numbers), ...replaced.map((r) => r.result)]);
    const given: Feeds = {};
    const writes: Write[] = [];
    const outputs: NamedValues = { ...numbers };
    for (const { input, result, memory } of replaced) {
      const shape = input.shape as number[];
      const target = tensor(memory(state), shape);
      given[input.name] = target;
      if (result === input) continue;
      outputs[nextName(input.name)] = result;
      const second = order.isSafe(input, result)
        ? undefined
        : tensor(new Float32Array(target.data.length), shape);
      writes.push({ input: input.name, target, second });
    }
    // Every step has the same shapes: memory given back would only be faulted in again.
    const stepSession = await Session.compile(outputs, {}, { ...options, arena: true });
    const lossSession = await Session.compile({ loss, ...metrics }, {}, options);
    const checked = Object.keys(optimiserMetrics);
    return new Trainer(
      objective,
      optimiser,
      state,
      given,
      writes,
      checked,
      stepSession,
      lossSession,
    );
  }

  /** Names of the inputs whose next values need a second buffer. */
  get secondBuffers(): string[] {
    return this.writes.filter(({ second }) => second).map(({ input }) => input);
  }

  /**
   * Makes one step.
   * @throws Error naming the step when the loss or a number of the optimiser is not finite; the state is then unusable.
   */
  async step(batch: Batch): Promise<StepResult> {
    const t = this.state.step + 1;
    const scalars = scalarsOf(this.optimiser, t);
    const feeds: Feeds = { ...this.objective.feeds(batch, t), ...this.given };
    for (const [name, value] of Object.entries(scalars)) {
      feeds[name] = tensor(Float32Array.of(value), []);
    }
    const { loss, metrics } = this.#numbers(await this.stepSession.run(feeds, this.#into));
    const checked = { loss, ...pick(metrics, this.optimiserMetrics) };
    if (!Object.values(checked).every(Number.isFinite)) {
      const found = Object.entries(checked).map(([name, value]) => `${name} ${value}`).join(", ");
      throw new Error(`step ${t}: expected finite numbers, found ${found}`);
    }
    for (const { target, second } of this.writes) if (second) target.data.set(second.data);
    this.state.step = t;
    return { loss, metrics, ...("rate" in scalars && { rate: scalars.rate }) };
  }

  /** Returns loss and metrics of the objective on a batch with the present parameters; changes nothing. */
  async evaluate(batch: Batch): Promise<Pick<StepResult, "loss" | "metrics">> {
    const feeds = { ...this.objective.feeds(batch, this.state.step + 1), ...this.given };
    return this.#numbers(await this.lossSession.run(feeds));
  }

  #numbers(results: Record<string, Tensor<Float32Array>>): Pick<StepResult, "loss" | "metrics"> {
    const numbers = Object.entries(results).filter(([name]) => !(name in this.#into))
      .map(([name, { data }]) => [name, data[0]] as const);
    const { loss, ...metrics } = Object.fromEntries(numbers);
    return { loss, metrics };
  }

  /** Frees the compiled graphs. */
  async release(): Promise<void> {
    await this.stepSession.release();
    await this.lossSession.release();
  }
}

/** Name of the result that replaces an input. */
const nextName = (input: string) => `next ${input}`;

function pick(numbers: Record<string, number>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, numbers[name]]));
}
