/**
 * Rows of the token embedding that a task's prompts use, so that the embedding itself (a third of a small model's
 * weights) need not stay in memory while the prompts are run again and again.
 */
import { type Feeds, type Tensor, tensor } from "../../onnx/mod.ts";
import type { WeightStore } from "./weight_store.ts";
import type { WeightUnit } from "../blocks/block_weights.ts";

export class EmbeddingRows {
  /** token → row of the table */
  #rows = new Map<number, number>();
  #table?: WeightUnit;

  constructor(private readonly store: WeightStore) {}

  /**
   * Keeps the rows of these tokens, and of 0, which fills short prompts up, instead of the whole embedding. Rows kept
   * before are forgotten.
   */
  async keep(tokens: Iterable<number>): Promise<void> {
    const wanted = new Set([0, ...tokens]);
    if (this.#table && [...wanted].every((id) => this.#rows.has(id))) return;
    const unit = await this.store.get("embed");
    const d = this.store.config.dModel;
    const data = new Float32Array(wanted.size * d);
    this.#rows = new Map([...wanted].map((id, row) => [id, row]));
    for (const [id, row] of this.#rows) {
      data.set((unit.W_E.data as Float32Array).subarray(id * d, (id + 1) * d), row * d);
    }
    this.#table = { ...unit, W_E: tensor(data, [wanted.size, d]) };
    this.store.forget("embed");
  }

  /** Feeds of `compileEmbed`: the kept rows and tokens as indices of them where they are enough, else the embedding. */
  async feeds(tokens: Tensor<Int32Array>): Promise<Feeds> {
    if (!this.#table || !tokens.data.every((id) => this.#rows.has(id))) {
      return { tokens, ...await this.store.get("embed") };
    }
    const rows = tokens.data.map((id) => this.#rows.get(id)!);
    return { tokens: tensor(rows, tokens.shape), ...this.#table };
  }
}
