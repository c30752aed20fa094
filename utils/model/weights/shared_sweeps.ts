/**
 * Lets several tasks go through the layers together, so that each layer's weights are read once for all of them.
 *
 *  1. Tasks take turns: one computes, the others wait. A task gives up its turn where it asks for the next layer of a loop,
 *     or ends.
 *  2. Turns go round in the order of a gradient pass: layer l of a forward loop has the place l, layer l of a backward loop
 *     the place 2L − l. The next turn goes to the first place at or after the last one, or else to the first of all. Among
 *     tasks at one place, the first to ask is first.
 *
 * Tasks with the same loops therefore meet at every layer, in the order in which they were given. Which task computes when
 * changes no number.
 */

/** A task that waits for its turn. */
interface Waiting {
  place: number;
  resume: () => void;
  fail: (reason: unknown) => void;
}

/** Runs tasks in turns; see the header. */
export class SharedSweeps {
  #nested = 0;
  #ready: (() => void)[] = [];
  #waiting: Waiting[] = [];
  #failed = false;
  /** place of the last turn */
  #place = 0;

  /** Takes the number of layers L. */
  constructor(private readonly nLayers: number) {}

  /**
   * Runs the tasks and returns their results, in order. Tasks may do the same with tasks of their own.
   * @throws the first error of a task, when all tasks have ended; the others stop at their next layer
   */
  async together<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
    if (tasks.length === 0) return [];
    const results = new Array<T>(tasks.length);
    const errors: unknown[] = [];
    const ended = Promise.withResolvers<void>();
    let running = tasks.length;
    this.#nested++;
    const start = (task: () => Promise<T>, i: number) => async () => {
      try {
        results[i] = await task();
      } catch (error) {
        errors.push(error);
        this.#failed = true;
      }
      if (--running === 0) this.#ready.unshift(ended.resolve);
      this.#next();
    };
    this.#ready.push(...tasks.map(start));
    this.#next();
    await ended.promise;
    if (--this.#nested === 0) this.#failed = false;
    if (errors.length > 0) throw errors[0];
    return results;
  }

  /** Waits until the calling task may go on to a layer; at once where tasks do not run together. */
  async turn(layer: number, reverse: boolean): Promise<void> {
    if (this.#nested === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const place = reverse ? 2 * this.nLayers - layer : layer;
    this.#waiting.push({ place, resume: resolve, fail: reject });
    this.#next();
    await promise;
  }

  /** Gives the turn to the next task. */
  #next(): void {
    const start = this.#ready.shift();
    if (start) return start();
    if (this.#waiting.length === 0) return;
    const places = this.#waiting.map(({ place }) => place);
    const ahead = places.filter((place) => place >= this.#place);
    this.#place = Math.min(...(ahead.length > 0 ? ahead : places));
    const [task] = this.#waiting.splice(places.indexOf(this.#place), 1);
    if (this.#failed) task.fail(new Error("stopped: another task that shares the weights failed"));
    else task.resume();
  }
}
