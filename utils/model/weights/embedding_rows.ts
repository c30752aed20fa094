/**
 * Keeps only the rows of the token embedding that a task's prompts use. The whole embedding (a third of a small model's
 * weights) then does not stay in memory while the prompts run again and again.
 */
import { type Feeds, type Tensor, tensor } from "../../onnx/mod.ts";
import type { WeightStore } from "./weight_store.ts";
import type { WeightUnit } from "../blocks/mod.ts";

/** Feeds the embedding from a table of kept rows, or from the whole embedding for other tokens. */
export class EmbeddingRows {
  /** Token → row of the table. */
  #rows = new Map<number, number>();
  #table?: WeightUnit;

  /** Keeps no rows at first; `store` holds the whole embedding. */
  constructor(private readonly store: WeightStore) {}

  /**
   * Keeps the rows of these tokens and of token 0, which pads short prompts. Drops the rows that were kept before, and
   * evicts the whole embedding from the store.
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

  /**
   * Returns the feeds of `compileEmbed`. If all tokens have kept rows, these are the rows and tokens that index them;
   * otherwise the whole embedding and the tokens as given.
   * @param tokens token ids `[batch, pos]`
   */
  async feeds(tokens: Tensor<Int32Array>): Promise<Feeds> {
    if (!this.#table || !tokens.data.every((id) => this.#rows.has(id))) {
      return { tokens, ...await this.store.get("embed") };
    }
    const rows = tokens.data.map((id) => this.#rows.get(id)!);
    return { tokens: tensor(rows, tokens.shape), ...this.#table };
  }
}
