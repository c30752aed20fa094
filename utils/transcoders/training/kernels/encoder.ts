/**
 * The dense part of a step, in ONNX Runtime: the encoder's product over blocks of rows. Features are chosen in one of two ways:
 *
 *   narrow   the product leaves the session and a kernel chooses, because TopK would take longer than the product
 *   wide     TopK in the session; without a k, that of the row with most positive pre-activations
 */
import {
  cast,
  free,
  gemm,
  Graph,
  greater,
  max,
  maximum,
  Session,
  type SessionOptions,
  sum,
  tensor,
  topK,
} from "../../../onnx/mod.ts";
import type { CoderShape } from "../shape.ts";

/** Most features of the narrow form. */
const NARROW = 4096;

/** Elements of pre-activations that a block may have: those that a kernel reads should stay in the cache. */
const BLOCK = { narrow: 1 << 21, wide: 1 << 25 };

/** Chosen features of a block of rows, `[rows, k]`; k is F where all pre-activations are given. */
export interface Chosen {
  /** features of a row; absent where `values` has the pre-activations of all features */
  features?: Int32Array;
  /** their pre-activations, falling */
  values: Float32Array;
  /** places per row */
  k: number;
  /** Gives the memory back. */
  free(): void;
}

/** The compiled product. */
export class Encoder {
  private constructor(
    private readonly session: Session,
    private readonly shape: Pick<CoderShape, "dIn" | "features">,
    /** whether a kernel has to choose */
    readonly narrow: boolean,
  ) {}

  /**
   * Compiles the product.
   * @param k features of a row; absent: all positive ones
   */
  static async compile(
    shape: Pick<CoderShape, "dIn" | "features">,
    k: number | undefined,
    options: SessionOptions,
  ): Promise<Encoder> {
    const { dIn, features: F } = shape;
    const g = new Graph();
    const [x, W_enc, b_enc] = [
      g.input("x", ["rows", dIn]),
      g.input("W_enc", [F, dIn]),
      g.input("b_enc", [F]),
    ];
    const pre = gemm(x, W_enc, false, true, b_enc);
    const narrow = F <= NARROW;
    const settings = { ...options, arena: true };
    if (narrow) return new Encoder(await Session.compile({ pre }, {}, settings), shape, true);
    const positive = sum(cast(greater(pre, 0), "float32"), [1]);
    const most = max(maximum(positive, [0], true), 1);
    const { values, indices } = topK(pre, k ?? cast(most, "int64"));
    const features = cast(indices, "int32");
    return new Encoder(await Session.compile({ values, features }, {}, settings), shape, false);
  }

  /** Rows of a block. */
  get blockRows(): number {
    const elements = this.narrow ? BLOCK.narrow : BLOCK.wide;
    return Math.max(64, Math.min(1024, Math.floor(elements / this.shape.features)));
  }

  /**
   * Encodes a block of rows.
   * @param x `[rows, d_in]`
   */
  async encode(
    x: Float32Array<ArrayBuffer>,
    W_enc: Float32Array<ArrayBuffer>,
    b_enc: Float32Array<ArrayBuffer>,
  ): Promise<Chosen> {
    const { dIn, features: F } = this.shape;
    const results = await this.session.run({
      x: tensor(x, [x.length / dIn, dIn]),
      W_enc: tensor(W_enc, [F, dIn]),
      b_enc: tensor(b_enc, [F]),
    });
    const { pre, values, features } = results;
    if (this.narrow) return { values: pre.data, k: F, free: () => free(pre) };
    return {
      values: values.data,
      features: features.data as unknown as Int32Array,
      k: values.shape[1],
      free: () => free(values, features),
    };
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.session.release();
  }
}
