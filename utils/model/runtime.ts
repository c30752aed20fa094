/**
 * Compiled sessions, kept for a whole program: a graph depends on the shape of a model, not on its weights, so all
 * layers and all checkpoints share them.
 */
import { clearProgress } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import type { Device, Session, SessionOptions } from "../onnx/mod.ts";

export interface RuntimeOptions {
  device?: Device;
  /** threads of ONNX Runtime; default: one per core */
  threads?: number;
}

export class Runtime {
  readonly sessionOptions: SessionOptions;
  readonly #compiled = new Map<string, Promise<unknown>>();

  constructor(options: RuntimeOptions = {}) {
    this.sessionOptions = { ...options };
  }

  #works = false;
  readonly #warned = new Set<string>();

  /**
   * What `build` makes for `key`, made once.
   * @throws UserError (exit code 2) when the first one fails on another device than the CPU: there is no such device.
   */
  compiled<T>(key: string, build: (options: SessionOptions) => Promise<T>): Promise<T> {
    let made = this.#compiled.get(key) as Promise<T> | undefined;
    if (!made) {
      made = this.#build(build);
      this.#compiled.set(key, made);
      made.catch(() => this.#compiled.delete(key));
    }
    return made;
  }

  async #build<T>(build: (options: SessionOptions) => Promise<T>): Promise<T> {
    const { device = "cpu" } = this.sessionOptions;
    try {
      const made = await build(this.sessionOptions);
      this.#works = true;
      return made;
    } catch (cause) {
      if (this.#works || device === "cpu" || !(cause instanceof Error)) throw cause;
      const reason = cause.message.trim().replaceAll(/\s*\n\s*/g, " ");
      throw new UserError(`device: ${reason}; choose "cpu" where there is none`, 2, { cause });
    }
  }

  /** Prints a warning on stderr, once for each `key`: what holds for one checkpoint holds for the others. */
  warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    clearProgress();
    console.warn(`warning: ${text}`);
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
  }
}
