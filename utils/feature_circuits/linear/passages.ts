/**
 * The passages of rows through a layer of one run's frozen model (`steps.ts`): contraction with what is written at the layer's
 * MLP output, the coder's linear path, attention. Edges from the biases of attention are added on the way.
 */
import { type F32, free, tensor } from "../../onnx/mod.ts";
import type { LayerMaps } from "./layer_maps.ts";
import type { LinearRun } from "./linear_run.ts";
import type { Sources, Written } from "./sources.ts";
import { contraction, narrowAttention, skipStep, wideAttention } from "./steps.ts";
import type { EdgeRows, Narrow, Wide } from "./walk_rows.ts";

/** Rows after a passage through attention, and the edges from its biases. */
export interface Passed {
  /** rows `[q, R, d]` */
  rows: F32;
  /** edges from the value biases, `[R, 1]`, or `[R, H]` for narrow rows */
  value: F32;
  /** edges from the output bias, `[R, 1]` */
  output: F32;
}

/** Takes rows through the layers of one run. */
export class Passages {
  /** Takes the run, its prepared maps, and what is written. */
  constructor(
    private readonly run: LinearRun,
    private readonly maps: readonly LayerMaps[],
    private readonly sources: Sources,
  ) {}

  /** Adds the edges of wide rows from what is written at each position. */
  async contractWide({ ids, g }: Wide, written: readonly Written[], out: EdgeRows): Promise<void> {
    const [q, R, d] = g.shape;
    for (let p = 0; p < q; p++) {
      const part = tensor(g.data.subarray(p * R * d, (p + 1) * R * d), [R, d]);
      await this.#contract(ids, part, written[p], out);
    }
  }

  /** Adds the edges of narrow rows from what is written at their positions. */
  async contractNarrow(
    { ids, positions, g }: Narrow,
    written: readonly Written[],
    out: EdgeRows,
  ): Promise<void> {
    const d = this.run.model.config.dModel;
    for (let from = 0, to; from < ids.length; from = to) {
      const position = positions[from];
      to = from + 1;
      while (to < ids.length && positions[to] === position) to++;
      const part = tensor(g.data.subarray(from * d, to * d), [to - from, d]);
      await this.#contract(ids.slice(from, to), part, written[position], out);
    }
  }

  async #contract(
    ids: readonly number[],
    g: F32,
    { vectors, columns }: Written,
    { data, offset }: EdgeRows,
  ): Promise<void> {
    const session = await contraction(this.run.model.runtime, this.run.model.config.dModel);
    const { edges } = await session.run({ g, written: vectors });
    const k = columns.length;
    for (const [r, id] of ids.entries()) {
      const row = offset(id), at = r * k;
      for (let j = 0; j < k; j++) data[row + columns[j]] += edges.data[at + j];
    }
    free(edges);
  }

  /** Takes rows through the coder's linear path at a layer, if there is one. */
  async skipped(layer: number, wide?: Wide, narrow?: Narrow): Promise<[Wide?, Narrow?]> {
    const { skip } = this.maps[layer];
    if (!skip) return [wide, narrow];
    const d = this.run.model.config.dModel;
    const session = await skipStep(this.run.model.runtime, d);
    const step = async (g: F32, positionOf: (row: number) => number) => {
      const rows = g.data.length / d;
      const scale = new Float32Array(rows).fill(1);
      if (skip.scale) { for (let r = 0; r < rows; r++) scale[r] = skip.scale[positionOf(r)]; }
      const flat = tensor(g.data, [rows, d]);
      const { kept } = await session.run({
        g: flat,
        map: skip.map,
        scale: tensor(scale, [rows, 1]),
      });
      return tensor(kept.data, g.shape);
    };
    return [
      wide && { ...wide, g: await step(wide.g, (r) => Math.floor(r / wide.ids.length)) },
      narrow && { ...narrow, g: await step(narrow.g, (r) => narrow.positions[r]) },
    ];
  }

  #attentionFeeds(layer: number) {
    const { o_w, o_b, values, valueBias } = this.maps[layer];
    const column = (x: F32) => tensor(x.data, [x.data.length, 1]);
    return { o_w, values, valueBias: column(valueBias), outputBias: column(o_b) };
  }

  /** Takes wide rows through attention, `kept` being the same rows after the linear path; frees both. */
  async wideAttention(
    layer: number,
    q: number,
    { ids, g }: Wide,
    kept: Wide,
    out: EdgeRows,
  ): Promise<Wide> {
    const { runtime, config } = this.run.model;
    const { architecture, dModel, nHeads: H, dHead } = config;
    const session = await wideAttention(runtime, { architecture, dModel, nHeads: H, dHead });
    const passed = await session.run({
      ...this.#attentionFeeds(layer),
      through: this.#beforeNorm(layer, g, (row) => Math.floor(row / ids.length)),
      kept: kept.g,
      pattern: this.pattern(layer, q),
    });
    this.#addBiases(layer, ids, passed, out);
    free(g);
    if (kept.g !== g) free(kept.g);
    return { ids, g: passed.rows };
  }

  /** Takes narrow rows through attention, which makes them wide; `kept` being the same rows after the linear path. */
  async narrowAttention(
    layer: number,
    q: number,
    narrow: Narrow,
    kept: Narrow,
    out: EdgeRows,
  ): Promise<Wide> {
    const passed = await this.passNarrow(layer, q, narrow, kept.g, this.columns(layer, q, narrow));
    this.#addBiases(layer, narrow.ids, passed, out);
    return { ids: narrow.ids, g: passed.rows };
  }

  /** Takes narrow rows through attention with the given pattern columns `[H, q, R, 1]`. */
  async passNarrow(
    layer: number,
    q: number,
    { positions, g }: Omit<Narrow, "ids">,
    kept: F32,
    column: F32,
  ): Promise<Passed> {
    const { runtime, config } = this.run.model;
    const { architecture, dModel, nHeads: H, dHead } = config;
    const session = await narrowAttention(runtime, { architecture, dModel, nHeads: H, dHead });
    const R = positions.length;
    const place = new Float32Array(q * R);
    positions.forEach((p, r) => place[p * R + r] = 1);
    return await session.run({
      ...this.#attentionFeeds(layer),
      through: this.#beforeNorm(layer, g, (row) => positions[row]),
      kept,
      column,
      place: tensor(place, [q, R, 1]),
    });
  }

  /** Divides rows by the scale of the norm after attention at their positions; returns them as they are where there is none. */
  #beforeNorm(layer: number, g: F32, positionOf: (row: number) => number): F32 {
    const { ln1Post, model: { config: { dModel: d } } } = this.run;
    if (!ln1Post) return g;
    const scale = ln1Post[layer];
    return tensor(g.data.map((x, i) => x / scale[positionOf(Math.floor(i / d))]), g.shape);
  }

  #addBiases(
    layer: number,
    ids: readonly number[],
    { value, output }: Passed,
    { data, offset }: EdgeRows,
  ): void {
    const [valueAt, outputAt] = [
      this.sources.bias("attention_value", layer),
      this.sources.bias("attention_output", layer),
    ];
    const per = value.shape[1];
    for (const [r, id] of ids.entries()) {
      for (let h = 0; h < per; h++) data[offset(id) + valueAt] += value.data[r * per + h];
      data[offset(id) + outputAt] += output.data[r];
    }
  }

  /** Returns the pattern of the first q positions, (key, query), divided by the key's scale, `[H, q, q]`. */
  pattern(layer: number, q: number): F32 {
    const { data, shape: [, H, n] } = this.run.patterns[layer];
    const scale = this.run.ln1[layer];
    const made = new Float32Array(H * q * q);
    for (let h = 0; h < H; h++) {
      for (let t = 0; t < q; t++) {
        for (let s = 0; s <= t; s++) {
          made[(h * q + s) * q + t] = data[(h * n + t) * n + s] / scale[s];
        }
      }
    }
    return tensor(made, [H, q, q]);
  }

  /** Returns the pattern of each row's position, divided by the key's scale, `[H, q, R, 1]`. */
  columns(layer: number, q: number, { positions }: Pick<Narrow, "positions">): F32 {
    const { data, shape: [, H, n] } = this.run.patterns[layer];
    const scale = this.run.ln1[layer], R = positions.length;
    const made = new Float32Array(H * q * R);
    for (let h = 0; h < H; h++) {
      for (const [r, t] of positions.entries()) {
        for (let s = 0; s <= t; s++) {
          made[(h * q + s) * R + r] = data[(h * n + t) * n + s] / scale[s];
        }
      }
    }
    return tensor(made, [H, q, R, 1]);
  }
}
