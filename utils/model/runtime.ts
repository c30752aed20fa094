/**
 * Compiled sessions, kept for a whole program: a graph depends on the shape of a model, not on its weights, so all
 * layers and all checkpoints share them.
 */
import { type Device, type Session, type SessionOptions, TensorPool } from "../onnx/mod.ts";

export interface RuntimeOptions {
  device?: Device;
  /** threads of ONNX Runtime; default: one per core */
  threads?: number;
}

export class Runtime {
  readonly sessionOptions: SessionOptions;
  /** buffers for what forward passes save */
  readonly pool = new TensorPool();
  readonly #compiled = new Map<string, Promise<unknown>>();

  constructor(options: RuntimeOptions = {}) {
    this.sessionOptions = { ...options };
  }

  /** What `build` makes for `key`, made once. */
  compiled<T>(key: string, build: (options: SessionOptions) => Promise<T>): Promise<T> {
    let made = this.#compiled.get(key) as Promise<T> | undefined;
    if (!made) {
      made = build(this.sessionOptions);
      this.#compiled.set(key, made);
      made.catch(() => this.#compiled.delete(key));
    }
    return made;
  }

  /** Frees every session that was compiled here. */
  async close(): Promise<void> {
    for (const made of this.#compiled.values()) {
      const value = await made.catch(() => undefined) as
        | { release?: Session["release"] }
        | undefined;
      await value?.release?.();
    }
    this.#compiled.clear();
    this.pool.clear();
  }
}
