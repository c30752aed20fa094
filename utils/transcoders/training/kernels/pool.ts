/**
 * Threads that run kernels: the calling one and workers. Every call goes to all of them, and returns when all have done
 * their share.
 */
import { MOST_PAGES } from "./memory_limit.ts";
import {
  type Control,
  controlOf,
  functionsOf,
  instanceOf,
  KIND,
  waitWhile,
  WORD,
} from "./control.ts";
import type { Added, Joining } from "./worker.ts";

/** Bytes of a page of WebAssembly memory. */
const PAGE = 65536;

/** A memory that kernels run on. */
export interface KernelMemory {
  /** its number in the pool */
  readonly id: number;
  /** the memory */
  readonly memory: WebAssembly.Memory;
  /** the kernels over it, for the calling thread */
  readonly functions: readonly ((...args: number[]) => void)[];
}

/** The threads. */
export class KernelPool {
  readonly #control: Control = controlOf();
  readonly #names: readonly string[];
  #nextId = 0;
  #receiving = false;

  private constructor(
    private readonly module: WebAssembly.Module,
    private readonly workers: readonly Worker[],
  ) {
    this.#names = functionsOf(module);
  }

  /**
   * Starts the threads.
   * @param module the kernels
   * @param threads number of threads, the calling one included
   */
  static async start(module: WebAssembly.Module, threads: number): Promise<KernelPool> {
    const workers = Array.from(
      { length: threads - 1 },
      () => new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" }),
    );
    const pool = new KernelPool(module, workers);
    const control = pool.#control.buffer;
    await pool.#post((i) => ({ module, control, thread: i + 1, threads }) satisfies Joining);
    return pool;
  }

  /** number of threads */
  get threads(): number {
    return this.workers.length + 1;
  }

  /**
   * Makes a memory.
   * @throws RangeError when it would be larger than 32-bit addresses reach.
   */
  async add(bytes: number): Promise<KernelMemory> {
    const pages = pagesOf(bytes);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
    const id = this.#nextId++;
    this.#call(KIND.receive);
    await this.#post(() => ({ id, memory }) satisfies Added);
    return { id, memory, functions: instanceOf(this.module, memory) };
  }

  /** Makes a memory larger. Views of it stay valid. @throws RangeError beyond 4 GiB. */
  grow({ memory }: KernelMemory, bytes: number): void {
    const more = pagesOf(bytes) - memory.buffer.byteLength / PAGE;
    if (more > 0) memory.grow(more);
  }

  /**
   * Runs a kernel on all threads, each with its number, the number of threads and `args`.
   * @param alone uses the calling thread only
   */
  run(
    { id, functions }: KernelMemory,
    name: string,
    args: readonly number[],
    alone = false,
  ): void {
    const { words, numbers } = this.#control;
    const index = this.#names.indexOf(name);
    if (index < 0) {
      throw new Error(`unknown kernel "${name}": expected one of ${this.#names.join(", ")}`);
    }
    if (alone || this.threads === 1) {
      functions[index](0, 1, ...args);
      return;
    }
    numbers.set(args);
    words[WORD.memory] = id;
    words[WORD.name] = index;
    words[WORD.count] = args.length;
    this.#call(KIND.run);
    functions[index](0, this.threads, ...args);
    this.#finish();
  }

  /** Lets the threads forget a memory. */
  forget({ id }: KernelMemory): void {
    this.#control.words[WORD.memory] = id;
    this.#call(KIND.forget);
    this.#finish();
  }

  /** Stops the threads. */
  stop(): void {
    this.#call(KIND.stop);
    this.#finish();
  }

  #call(kind: number): void {
    if (this.#receiving) throw new Error("kernel pool: a call while a memory is being added");
    const { words } = this.#control;
    Atomics.store(words, WORD.done, 0);
    words[WORD.kind] = kind;
    Atomics.add(words, WORD.epoch, 1);
    Atomics.notify(words, WORD.epoch);
  }

  #finish(): void {
    const { words } = this.#control;
    const all = this.workers.length;
    for (let done = Atomics.load(words, WORD.done); done < all;) {
      done = waitWhile(words, WORD.done, done);
    }
  }

  /** Sends each worker a message and waits for the answers. */
  async #post(message: (worker: number) => Joining | Added): Promise<void> {
    this.#receiving = true;
    await Promise.all(
      this.workers.map((worker, i) =>
        new Promise<void>((resolve, reject) => {
          worker.onmessage = () => resolve();
          worker.onerror = (event) => {
            event.preventDefault();
            reject(new Error(`a kernel thread failed: ${event.message}`));
          };
          worker.postMessage(message(i));
        })
      ),
    );
    this.#receiving = false;
  }
}

function pagesOf(bytes: number): number {
  const pages = Math.ceil(bytes / PAGE);
  if (pages <= MOST_PAGES) return pages;
  throw new RangeError(
    `a kernel step reaches 4 GiB of memory, this one needs ${(bytes / 2 ** 30).toFixed(1)} GiB`,
  );
}
