/**
 * AuxK of a kernel step (`auxk.ts`), in ONNX Runtime over the dead features alone. They are copied into a coder of their own,
 * with fillers up to a power of two, so that few sizes get compiled.
 */
import {
  cast,
  type Feeds,
  gradients,
  Graph,
  greater,
  mul,
  Session,
  type SessionOptions,
  sum,
  tensor,
} from "../../../onnx/mod.ts";
import { encode } from "../encode.ts";
import { auxKOfDead, type AuxKSettings } from "../losses/mod.ts";
import type { CoderShape } from "../shape.ts";

/** Fewest columns of a session. */
const FEWEST = 8;

/** A batch, in plain memory. */
export interface ResidualBatch {
  /** what the encoder multiplies, `[rows, d_in]` */
  input: Float32Array<ArrayBuffer>;
  /** ŷ − y, `[rows, d_out]` */
  error: Float32Array<ArrayBuffer>;
  /** weight of a row's squares, `[rows]` */
  weight: Float32Array<ArrayBuffer>;
  /** factor of the loss */
  coefficient: number;
}

/** Rows of the coder that have dead features. */
export interface CoderRows {
  W_enc: Float32Array;
  b_enc: Float32Array;
  W_dec: Float32Array;
}

/** The loss, times its coefficient, and its gradients for the listed features. */
export interface DeadGradients {
  /** coefficient · loss */
  value: number;
  /** `[n, d_in]` */
  W_enc: Float32Array;
  /** `[n]` */
  b_enc: Float32Array;
  /** `[n, d_out]` */
  W_dec: Float32Array;
}

/** The compiled losses, by size. */
export class DeadColumns {
  readonly #sessions = new Map<string, Promise<Session>>();

  /** Compiles nothing yet. */
  constructor(
    private readonly shape: CoderShape,
    private readonly settings: AuxKSettings,
    private readonly options: SessionOptions,
  ) {}

  /** Returns loss and gradients for `dead` features, in their order. */
  async gradients(
    dead: readonly number[],
    batch: ResidualBatch,
    all: CoderRows,
  ): Promise<DeadGradients> {
    const { rows, dIn, dOut } = this.shape;
    const n = Math.max(FEWEST, 2 ** Math.ceil(Math.log2(dead.length)));
    const session = await this.#session(n, dead.length <= Math.floor(dOut / 2));
    const mask = new Float32Array(n).fill(1, 0, dead.length);
    const taken = (from: Float32Array, width: number) => {
      const into = new Float32Array(n * width);
      dead.forEach((f, i) => into.set(from.subarray(f * width, (f + 1) * width), i * width));
      return into;
    };
    const feeds: Feeds = {
      input: tensor(batch.input, [rows, dIn]),
      error: tensor(batch.error, [rows, dOut]),
      weight: tensor(batch.weight, [rows, 1]),
      coefficient: tensor(Float32Array.of(batch.coefficient), []),
      mask: tensor(mask, [n]),
      W_enc: tensor(taken(all.W_enc, dIn), [n, dIn]),
      b_enc: tensor(taken(all.b_enc, 1), [n]),
      W_dec: tensor(taken(all.W_dec, dOut), [n, dOut]),
    };
    const { loss, W_enc, b_enc, W_dec } = await session.run(feeds);
    return { value: loss.data[0], W_enc: W_enc.data, b_enc: b_enc.data, W_dec: W_dec.data };
  }

  #session(n: number, all: boolean): Promise<Session> {
    const key = `${n} ${all}`;
    const found = this.#sessions.get(key);
    if (found) return found;
    const { rows, dIn, dOut } = this.shape;
    const shape: CoderShape = { rows, dIn, dOut, features: n };
    const g = new Graph();
    const p = {
      W_enc: g.input("W_enc", [n, dIn]),
      b_enc: g.input("b_enc", [n]),
      W_dec: g.input("W_dec", [n, dOut]),
    };
    const mask = greater(g.input("mask", [n]), 0);
    const value = auxKOfDead(
      {
        ...{ p, shape },
        encoded: encode(g.input("input", [rows, dIn]), p, shape),
        error: g.input("error", [rows, dOut]),
        weight: g.input("weight", [rows, 1]),
        dead: { mask, count: sum(cast(mask, "float32"), [0]) },
      },
      all,
      this.settings,
    );
    const loss = mul(value, g.input("coefficient", []));
    const [W_enc, b_enc, W_dec] = gradients([loss], [g.constant(1)], Object.values(p));
    const compiled = Session.compile({ loss, W_enc, b_enc, W_dec }, {}, this.options);
    this.#sessions.set(key, compiled);
    return compiled;
  }

  /** Frees the sessions. */
  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
  }
}
