/**
 * What the nodes of a graph write, and the columns that their edges come from:
 *
 *     features  0 … K−1            activation · decoder row, at every layer that the feature writes to
 *     errors    K + layer·n + p    the error vector
 *     tokens    K + L·n + p        the token's embedding, and its position embedding
 *     biases    K + (L+1)·n + b    constants by origin, {@link BiasNode}
 *
 * n positions, L layers. Together they are everything that enters the stream of the frozen model, so the edges into a node add
 * up to its value.
 */
import { tensor } from "../../onnx/mod.ts";
import type { F32 } from "../../onnx/mod.ts";
import type { LayerMaps } from "./layer_maps.ts";
import { decoderRow, type LinearRun, writesTo } from "./linear_run.ts";

/**
 * Where a constant comes from. All but the last three belong to a layer:
 *
 *  - `attention_value`: LN1's bias through the values, and the value biases
 *  - `attention_output`: the output bias of attention
 *  - `decoder`: b_dec of the coder
 *  - `skip`: the LayerNorm's bias through the coder's linear path
 *  - `ignored`: the MLP's output at ignored positions
 *  - `position`: position embeddings, if they are not part of the token nodes
 *  - `reading`: b_enc of the feature or the constant of a direction, and the LayerNorm's bias that it reads
 *  - `left_out`: features without rows, under a cap on the features
 */
export type BiasOrigin =
  | "attention_value"
  | "attention_output"
  | "decoder"
  | "skip"
  | "ignored"
  | "position"
  | "reading"
  | "left_out";

/** A node for the constants of one origin, all positions together. */
export interface BiasNode {
  /** where the constants come from */
  origin: BiasOrigin;
  /** layer, where the origin belongs to one */
  layer?: number;
}

/** What is written at one place: vectors and the column of each. */
export interface Written {
  /** vectors `[k, d]` */
  vectors: F32;
  /** column of each vector */
  columns: Int32Array;
}

/** Everything that is written into the stream. */
export interface Sources {
  /** number of columns */
  columns: number;
  /** number of columns before the biases */
  firstBias: number;
  /** bias nodes in the order of their columns */
  biases: BiasNode[];
  /** what is written at the MLP output of a layer and a position */
  mlp: Written[][];
  /** what is written at a position before layer 0 */
  embedding: Written[];
  /** returns the column of a bias node */
  bias(origin: BiasOrigin, layer?: number): number;
}

/** Returns the bias nodes of a run. */
function biasNodes(run: LinearRun, maps: readonly LayerMaps[], ownPositions: boolean): BiasNode[] {
  const nodes: BiasNode[] = [];
  for (const [layer, { skip }] of maps.entries()) {
    nodes.push({ origin: "attention_value", layer }, { origin: "attention_output", layer });
    nodes.push({ origin: "decoder", layer });
    if (skip) nodes.push({ origin: "skip", layer });
    if (run.ignored.length > 0) nodes.push({ origin: "ignored", layer });
  }
  if (ownPositions && run.positionEmbedding) nodes.push({ origin: "position" });
  nodes.push({ origin: "reading" }, { origin: "left_out" });
  return nodes;
}

/**
 * Gathers the vectors of all nodes.
 * @param ownPositions whether position embeddings are a node of their own; otherwise they belong to the tokens
 */
export function sourcesOf(
  run: LinearRun,
  maps: readonly LayerMaps[],
  ownPositions = false,
): Sources {
  const { features, tokens, coders, model: { config: { nLayers: L, dModel: d } } } = run;
  const n = tokens.length, K = features.count;
  const biases = biasNodes(run, maps, ownPositions);
  const firstBias = K + (L + 1) * n;
  const bias = (origin: BiasOrigin, layer?: number) =>
    firstBias + biases.findIndex((b) => b.origin === origin && b.layer === layer);

  const featuresAt = Array.from(
    { length: L },
    () => Array.from({ length: n }, () => [] as number[]),
  );
  for (let i = 0; i < K; i++) {
    featuresAt[features.places[3 * i]][features.places[3 * i + 1]].push(i);
  }

  const mlp = Array.from({ length: L }, (_, layer) =>
    Array.from({ length: n }, (_, p) => {
      const list = new WrittenList(d);
      for (let from = 0; from <= layer; from++) {
        if (!writesTo(coders[from], layer)) continue;
        for (const i of featuresAt[from][p]) {
          const row = decoderRow(coders[from], features.places[3 * i + 2], layer);
          list.add(i, row, features.activations[i]);
        }
      }
      const at = (x: Float32Array) => x.subarray(p * d, (p + 1) * d);
      list.add(K + layer * n + p, at(run.errors[layer]));
      list.add(bias("decoder", layer), coders[layer].weights.b_dec.data);
      const { skip } = maps[layer];
      if (skip) list.add(bias("skip", layer), skip.bias);
      if (run.ignored.includes(p)) list.add(bias("ignored", layer), at(run.ignoredOutputs[layer]));
      return list.done();
    }));
  const embedding = Array.from({ length: n }, (_, p) => {
    const list = new WrittenList(d);
    const at = (x: Float32Array) => x.subarray(p * d, (p + 1) * d);
    const token = K + L * n + p;
    list.add(token, at(run.embedding));
    if (run.positionEmbedding) {
      list.add(ownPositions ? bias("position") : token, at(run.positionEmbedding));
    }
    return list.done();
  });
  return { columns: firstBias + biases.length, firstBias, biases, mlp, embedding, bias };
}

/** Collects vectors and their columns. */
class WrittenList {
  readonly #parts: [Float32Array, number][] = [];
  readonly #columns: number[] = [];

  constructor(private readonly d: number) {}

  add(column: number, vector: Float32Array, factor = 1): void {
    this.#parts.push([vector, factor]);
    this.#columns.push(column);
  }

  done(): Written {
    const { d } = this;
    const data = new Float32Array(this.#parts.length * d);
    for (const [i, [vector, factor]] of this.#parts.entries()) {
      for (let j = 0; j < d; j++) data[i * d + j] = factor * vector[j];
    }
    return {
      vectors: tensor(data, [this.#parts.length, d]),
      columns: Int32Array.from(this.#columns),
    };
  }
}
