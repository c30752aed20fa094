/** Captures activations in a thread of its own, so that the next block fills while coders train on one. */
import type { BlockSource } from "../../transcoders/mod.ts";
import type { CaptureAnswer, CaptureSettings, FillRequest } from "./capture_worker.ts";

/** How the threads of a training are shared out. */
export interface ThreadShares {
  /** threads that capture; 0: the training thread does it, in between */
  capture: number;
  /** threads that train */
  training: number;
}

/** Returns half of the threads for either, if there are two or more. */
export function threadShares(threads: number = navigator.hardwareConcurrency): ThreadShares {
  const capture = Math.floor(threads / 2);
  return { capture, training: threads - capture };
}

/** The thread. */
export class CaptureThread {
  /** the last request; the worker does one at a time */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly worker: Worker) {}

  /** Starts the thread. @throws Error when model or text do not open there. */
  static async start(settings: CaptureSettings): Promise<CaptureThread> {
    const url = new URL("./capture_worker.ts", import.meta.url).href;
    const thread = new CaptureThread(new Worker(url, { type: "module" }));
    try {
      await thread.#ask(settings);
    } catch (cause) {
      thread.stop();
      throw cause;
    }
    return thread;
  }

  /** Returns the blocks of a checkpoint. Rows must be in memory that threads share. */
  at(step: number): BlockSource {
    return { fill: (block, order, into) => this.#ask({ step, block, order, into }) };
  }

  #ask(message: CaptureSettings | FillRequest): Promise<void> {
    const answered = this.#last.then(() =>
      new Promise<void>((resolve, reject) => {
        this.worker.onmessage = ({ data: { error } }: MessageEvent<CaptureAnswer>) =>
          error === undefined ? resolve() : reject(new Error(error));
        this.worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(`the thread that captures activations failed: ${event.message}`));
        };
        this.worker.postMessage(message);
      })
    );
    this.#last = answered.catch(() => {});
    return answered;
  }

  /** Stops the thread. */
  stop(): void {
    this.worker.terminate();
  }
}
