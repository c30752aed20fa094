/**
 * Back-propagation of many rows at once through the frozen model, as matrix products:
 *
 *  1. Rows are sorted by position and cut into batches that fit the memory ({@link rowsPerBatch}). A row at position p has
 *     nothing to do with positions after p, so a batch takes the first q = (largest p) + 1 positions only.
 *  2. From the last layer down: rows of this stage join; the rows are contracted with what is written at the layer's MLP
 *     output; they pass the coder's linear path, if there is one, and attention. A parallel block takes both from the same
 *     cotangent, a sequential one takes attention after the linear path.
 *  3. Before layer 0 the rows are contracted with the embeddings.
 *
 * A row is narrow until its first attention, and wide after it (`steps.ts`). No row passes an MLP: the edges into the features
 * of that MLP are rows of their own. The cost is 4d² per row, position and layer.
 */
import { free } from "../../onnx/mod.ts";
import type { LayerMaps } from "./layer_maps.ts";
import type { LinearRun } from "./linear_run.ts";
import { Passages } from "./passages.ts";
import type { Sources } from "./sources.ts";
import {
  type EdgeRows,
  fresh,
  joined,
  joinedWide,
  LARGEST_BATCH,
  type Narrow,
  walkBatches,
  type WalkRow,
  type Wide,
} from "./walk_rows.ts";

/** Propagates rows through one run's frozen model. */
export class Walk {
  readonly #d: number;
  readonly #through: Passages;

  /** Takes the run, its prepared maps, what is written, and the bytes that a batch may take. */
  constructor(
    private readonly run: LinearRun,
    maps: readonly LayerMaps[],
    private readonly sources: Sources,
    private readonly bytes = LARGEST_BATCH,
  ) {
    this.#d = run.model.config.dModel;
    this.#through = new Passages(run, maps, sources);
  }

  /** Adds the edges of all rows into `out`. */
  async edges(rows: readonly WalkRow[], out: EdgeRows): Promise<void> {
    for (const ids of walkBatches(rows, this.bytes, this.#d)) await this.#batch(rows, ids, out);
  }

  async #batch(rows: readonly WalkRow[], batch: readonly number[], out: EdgeRows): Promise<void> {
    const { config: { nLayers, parallel } } = this.run.model;
    const q = rows[batch.at(-1)!].position + 1;
    let wide: Wide | undefined, narrow: Narrow | undefined;
    const join = (stage: number) => {
      const ids = batch.filter((id) => rows[id].stage === stage);
      if (ids.length > 0) narrow = joined(narrow, fresh(rows, ids, this.#d));
    };
    join(2 * nLayers);
    for (let layer = nLayers - 1; layer >= 0; layer--) {
      if (wide || narrow) {
        const written = this.sources.mlp[layer];
        if (wide) await this.#through.contractWide(wide, written, out);
        if (narrow) await this.#through.contractNarrow(narrow, written, out);
      }
      let through: [Wide?, Narrow?] = [wide, narrow];
      const kept = await this.#through.skipped(layer, wide, narrow);
      if (!parallel) {
        [wide, narrow] = kept;
        join(2 * layer + 1);
        kept[1] = narrow;
        through = [wide, narrow];
      }
      const parts: Wide[] = [];
      if (through[0]) {
        parts.push(await this.#through.wideAttention(layer, q, through[0], kept[0]!, out));
      }
      if (through[1]) {
        parts.push(await this.#through.narrowAttention(layer, q, through[1], kept[1]!, out));
      }
      wide = joinedWide(parts, q, this.#d);
      narrow = undefined;
      join(2 * layer);
    }
    if (wide) await this.#through.contractWide(wide, this.sources.embedding, out);
    if (narrow) await this.#through.contractNarrow(narrow, this.sources.embedding, out);
    if (wide) free(wide.g);
  }
}
