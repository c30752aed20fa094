/**
 * The unigram table: the mean target of every token, ŷ = E[y | token]. Tokens absent from the fit get the mean of all.
 * What it explains needs no context (n-gram null model of sparsify, n = 1).
 */
import { type F32, tensor } from "../../../onnx/mod.ts";
import type { CleanRun } from "../clean_run.ts";
import type { TokenRows } from "../token_rows.ts";

/** Adds up targets by token, and gives their means. */
export class UnigramTable {
  readonly #sums = new Map<number, { sum: Float64Array; count: number }>();
  #means?: Map<number, Float64Array>;

  /** Takes the width of the targets. Keeps a vector in double precision for every token that it meets. */
  constructor(private readonly width: number) {}

  /** Adds the targets `[batch, pos, width]` of a batch at the positions that count. */
  add({ data }: F32, rows: TokenRows): void {
    this.#means = undefined;
    eachCounted(rows, (row, token) => {
      let entry = this.#sums.get(token);
      if (!entry) {
        this.#sums.set(token, entry = { sum: new Float64Array(this.width), count: 0 });
      }
      entry.count++;
      for (let j = 0; j < this.width; j++) entry.sum[j] += data[row * this.width + j];
    });
  }

  /** Returns the table's outputs for a batch, `[batch, pos, width]`. */
  outputs({ rows }: Pick<CleanRun, "rows">, meanOfAll: ArrayLike<number>): F32 {
    this.#means ??= new Map(
      [...this.#sums].map(([token, { sum, count }]) => [token, sum.map((x) => x / count)]),
    );
    const { prompts, pos } = rows;
    const made = new Float32Array(prompts.length * pos * this.width);
    eachCounted(
      rows,
      (row, token) => made.set(this.#means!.get(token) ?? meanOfAll, row * this.width),
    );
    return tensor(made, [prompts.length, pos, this.width]);
  }
}

/** Calls `use` with row and token of every position that counts. */
function eachCounted(
  { prompts, pos, counted }: TokenRows,
  use: (row: number, token: number) => void,
): void {
  prompts.forEach((tokens, b) =>
    tokens.forEach((token, p) => {
      if (counted[b * pos + p] === 1) use(b * pos + p, token);
    })
  );
}
