/**
 * Compiles a model with ONNX Runtime and runs it. This is the only file that knows onnxruntime's interface.
 *
 * Feeds are typed arrays or views of them and are not copied; results are new arrays, which `free` gives back, or are
 * written into arrays that the caller gives (`into`), which is how a training step updates weights in place.
 */
import * as ort from "onnxruntime-node";
import { join } from "@std/path";
import { deviceNeeds, parseDevice } from "./device.ts";
import { dtypeOf, DTYPES, type F32, free, sizeOf, type Tensor, type TensorData } from "./dtype.ts";
import type { Value } from "./graph.ts";
import { buildModel, type Model } from "./model.ts";
import type { SessionOptions } from "./session_options.ts";

export type { SessionOptions } from "./session_options.ts";

/** Inputs of a run, by feed name. */
export type Feeds = Record<string, Tensor>;
/** Results of a run, by name: float32 unless the graph says otherwise. */
export type Results<K extends string = string> = Record<K, F32>;

/** A compiled model. */
export class Session<K extends string = string> {
  private constructor(
    /** what was compiled */
    readonly model: Model,
    /** undefined in a rehearsal */
    private readonly session: ort.InferenceSession | undefined,
    private readonly options: SessionOptions,
  ) {}

  /** names of the feeds that a run needs */
  get inputNames(): string[] {
    return [...this.model.inputs.keys()];
  }

  /**
   * Compiles the model that computes `outputs` (by result name) from graph inputs and `cuts` (by feed name): inner values
   * that the model takes as inputs; see `model.ts`.
   * @throws Error naming the device and those available when the provider does not load.
   * @example
   * ```ts
   * import { exp, Graph, mul, Session, tensor } from "./mod.ts";
   * import { assertEquals } from "@std/assert";
   *
   * const g = new Graph();
   * const inner = exp(g.input("x", ["n"]));
   * const y = mul(inner, 2);
   * // Cut at `inner`, the model takes it as a feed and does not need x.
   * const session = await Session.compile({ y }, { given: inner });
   * assertEquals(session.inputNames, ["given"]);
   * const out = await session.run({ given: tensor(Float32Array.of(1, 5), [2]) });
   * assertEquals([...out.y.data], [2, 10]);
   * await session.release();
   * ```
   */
  static async compile<K extends string>(
    outputs: Record<K, Value>,
    cuts: Record<string, Value> = {},
    options: SessionOptions = {},
  ): Promise<Session<K>> {
    const model = buildModel(outputs, cuts);
    return await Session.of<K>(model, options);
  }

  /**
   * Compiles a model that has been built already; see {@link Session.compile}.
   * @throws Error as `compile` does.
   */
  static async of<K extends string = string>(
    model: Model,
    options: SessionOptions = {},
  ): Promise<Session<K>> {
    if (options.rehearsal) return new Session<K>(model, undefined, options);
    const device = parseDevice(options.device ?? "cpu");
    try {
      const session = await ort.InferenceSession.create(model.bytes, {
        executionProviders: [device],
        graphOptimizationLevel: "all",
        logSeverityLevel: 3,
        enableCpuMemArena: options.arena ?? false,
        // a pattern is one more copy of all inner tensors, kept per shape, and no faster
        enableMemPattern: false,
        // Every session has its own threads. They wait for the next operator by spinning, which saves waking them some
        // hundred times a pass, and stop with the run: idle ones would take the cores from the session that works.
        extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
        ...(options.threads && { intraOpNumThreads: options.threads }),
        ...(options.profile !== undefined && {
          enableProfiling: true,
          profileFilePrefix: join(options.profile, crypto.randomUUID()),
        }),
      });
      model.bytes = new Uint8Array(0);
      return new Session<K>(model, session, options);
    } catch (cause) {
      const bundled = ort.listSupportedBackends().filter((b) => b.bundled).map((b) => b.name);
      throw new Error(
        `ONNX Runtime could not compile a model for device "${device}" (bundled here: ${
          bundled.join(", ")
        }; ${deviceNeeds(device)}): ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /**
   * Runs the model. Ignores feeds that the model does not use, so callers may pass all weights of a layer.
   * @param into preallocated arrays for some results, written in place and returned
   * @throws Error naming the feed that is missing or does not fit its declared type or shape.
   */
  async run(feeds: Feeds, into: Partial<Record<K, Tensor>> = {}): Promise<Results<K>> {
    const given: Record<string, ort.Tensor> = {};
    const symbols = new Map<string, [number, string]>();
    for (const [name, value] of this.model.inputs) {
      const feed = feeds[name];
      if (!feed) throw new Error(`missing feed "${name}" (${value}); given: ${Object.keys(feeds)}`);
      checkFeed(name, feed, value, symbols);
      if (this.session) given[name] = toOrt(feed);
    }
    const { rehearsal } = this.options;
    if (rehearsal) return rehearsal.run(this.model, this.options, feeds, into) as Results<K>;
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const [name, { onnxName }] of this.model.outputs) {
      const target = into[name as K];
      fetches[onnxName] = target ? toOrt(target) : null;
    }
    const results = await this.session!.run(given, fetches);
    const out = {} as Results<K>;
    for (const [name, { value, onnxName }] of this.model.outputs) {
      const { dims, data } = results[onnxName];
      const result = { dtype: value.dtype, shape: [...dims], data: data as unknown as TensorData };
      const target = into[name as K];
      // onnxruntime-node copies every result into an array of its own, one that was written in place too.
      if (target) free(result);
      out[name as K] = (target ?? result) as F32;
    }
    return out;
  }

  /** Frees the compiled model. */
  async release(): Promise<void> {
    // writes what was recorded; the interface of version 1.30 does not name it
    if (this.options.profile !== undefined) {
      (this.session as unknown as { endProfiling(): void } | undefined)?.endProfiling();
    }
    await this.session?.release();
  }
}

function toOrt(t: Tensor): ort.Tensor {
  return new ort.Tensor(DTYPES[t.dtype].ort as "float32", t.data as Float32Array, t.shape);
}

function checkFeed(
  name: string,
  feed: Tensor,
  value: Value,
  symbols: Map<string, [number, string]>,
) {
  const expected = `${value.dtype}[${value.shape.join(", ")}]`;
  const found = `${feed.dtype}[${feed.shape.join(", ")}]`;
  if (feed.dtype !== value.dtype || feed.shape.length !== value.shape.length) {
    throw new Error(`feed "${name}" is ${found}, expected ${expected}`);
  }
  if (dtypeOf(feed.data) !== feed.dtype || sizeOf(feed.shape) !== feed.data.length) {
    throw new Error(`feed "${name}": ${feed.data.length} elements given for ${found}`);
  }
  value.shape.forEach((dim, i) => {
    const size = feed.shape[i];
    if (typeof dim === "number") {
      if (dim !== size) throw new Error(`feed "${name}" is ${found}, expected ${expected}`);
      return;
    }
    const [known, where] = symbols.get(dim) ?? [size, name];
    if (known !== size) {
      throw new Error(
        `feed "${name}" is ${found}: "${dim}" is ${size} here but ${known} in "${where}"`,
      );
    }
    symbols.set(dim, [size, where]);
  });
}
