/**
 * Programs: compiled once for each specification, kept for a whole run of a script.
 *
 * A graph depends on shapes and options, not on weights, so all layers and all checkpoints share what is compiled.
 *
 *  1. {@link defineProgram} names a function that builds and compiles a graph from a specification.
 *  2. A call writes the specification out as a key and asks the {@link ProgramCache}.
 *  3. The cache compiles what it does not have yet, with its own session options, and keeps it until it is closed.
 */
import type { SessionOptions } from "./session.ts";

/** What a program compiles to: a session, or several that are freed together. */
export interface Releasable {
  /** Frees what was compiled. */
  release(): Promise<void>;
}

/** A program: compiles for a specification, or gives what the cache has for it. */
export type Program<Spec extends readonly unknown[], T> = (
  cache: ProgramCache,
  ...spec: Spec
) => Promise<T>;

/**
 * Defines a program. Call this at the top level of a module, so that the name stands for one function.
 *
 * The specification is the key, written out by {@link programKey}. So it must hold everything that decides the graph, and
 * `build` must read nothing else: no variable around it, no weights. Only the session options come from the cache.
 *
 * @param name distinguishes the program from the cache's others; also begins its key
 * @param build takes the specification and, last, the session options; returns what was compiled
 * @throws Error when the name is empty or contains "[", which begins the specification in a key. The program itself throws
 * an Error when the cache has met another function of that name, and a TypeError for a specification that is not plain data.
 * @example
 * ```ts
 * import { defineProgram, Graph, mul, ProgramCache, Session, type SessionOptions } from "./mod.ts";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const scaled = defineProgram("scaled", (by: { factor: number }, options: SessionOptions) => {
 *   const x = new Graph().input("x", ["n"]);
 *   return Session.compile({ y: mul(x, by.factor) }, {}, options);
 * });
 * const cache = new ProgramCache();
 * const twice = await scaled(cache, { factor: 2 });
 * assertStrictEquals(await scaled(cache, { factor: 2 }), twice);
 * await cache.close();
 * ```
 */
export function defineProgram<Spec extends readonly unknown[], T extends Releasable>(
  name: string,
  build: (...args: [...Spec, SessionOptions]) => Promise<T>,
): Program<Spec, T> {
  if (name === "" || name.includes("[")) {
    throw new Error(`program name "${name}": expected a name that is not empty and has no "["`);
  }
  return (cache, ...spec) => cache.program(name, build, spec);
}

/**
 * Writes a specification out as text: equal texts for equal data, whatever the order of properties. Properties that are
 * undefined count as absent; an object with `toJSON` counts as what that gives.
 * @throws TypeError naming the part that is not plain data, such as a function, a Map or a typed array.
 */
export function programKey(name: string, spec: readonly unknown[]): string {
  return `${name} [${spec.map((part, i) => keyOf(part, `${name}: argument ${i + 1}`))}]`;
}

function keyOf(value: unknown, where: string): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      return value === null ? "null" : keyOfObject(value, where);
    default:
      throw new TypeError(`${where} is a ${typeof value}; a specification is plain data`);
  }
}

function keyOfObject(value: object, where: string): string {
  if ("toJSON" in value && typeof value.toJSON === "function") return keyOf(value.toJSON(), where);
  if (Array.isArray(value)) return `[${value.map((part, i) => keyOf(part, `${where}[${i}]`))}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(
      `${where} is a ${prototype.constructor.name}; a specification is plain data (give the object a toJSON method, ` +
        "or pass the parts that decide the graph)",
    );
  }
  const parts = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, part]) => `${JSON.stringify(name)}:${keyOf(part, `${where}.${name}`)}`);
  return `{${parts}}`;
}

/** Compiled programs by key, for one device and one number of threads. */
export class ProgramCache {
  /** options of every session that is compiled here */
  readonly sessionOptions: SessionOptions;
  readonly #compiled = new Map<string, Promise<unknown>>();
  readonly #builds = new Map<string, unknown>();
  #works = false;

  /** Makes an empty cache. */
  constructor(options: SessionOptions = {}) {
    this.sessionOptions = { ...options };
  }

  /**
   * Returns what a program compiles to for a specification; {@link defineProgram} makes functions that call this.
   * @throws Error when another program of the same name was used with this cache.
   */
  program<Spec extends readonly unknown[], T>(
    name: string,
    build: (...args: [...Spec, SessionOptions]) => Promise<T>,
    spec: Spec,
  ): Promise<T> {
    const known = this.#builds.get(name) ?? build;
    if (known !== build) {
      throw new Error(
        `two programs are named "${name}"; give one of them another name, and define programs at the top level of a ` +
          "module, where they are made once",
      );
    }
    this.#builds.set(name, build);
    return this.compiled(programKey(name, spec), (options) => build(...spec, options));
  }

  /**
   * Returns what `build` made for `key`, once: a later call with the same key gives the same result, whatever its `build`.
   * After a failure the next call tries again.
   * @throws Error from {@link deviceError} when the first one fails on another device than the CPU.
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
      throw this.deviceError(cause.message.trim().replaceAll(/\s*\n\s*/g, " "), cause);
    }
  }

  /** Returns the error to throw when nothing compiles on the chosen device: there is no such device. */
  protected deviceError(reason: string, cause: Error): Error {
    return new Error(`device: ${reason}; choose "cpu" where there is none`, { cause });
  }

  /** Frees everything that was compiled here. */
  async close(): Promise<void> {
    for (const made of this.#compiled.values()) {
      const value = await made.catch(() => undefined) as Partial<Releasable> | undefined;
      await value?.release?.();
    }
    this.#compiled.clear();
  }
}
