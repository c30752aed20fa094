/** Questions to a circuit about its heads: which write anywhere, which write to the logits, which write where. */
import { destinationNode, nBackward, nForward, sourceNode } from "../../circuits/graph/graph.ts";
import { type GraphFile, readGraphJson } from "../../circuits/formats/graph_json.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { Head } from "../head.ts";

export class CircuitHeads {
  constructor(private readonly graph: Pick<GraphFile, "shape" | "mask">) {}

  /** Heads that are the source of some in-circuit edge. */
  sources(): Head[] {
    return this.#writers(() => true);
  }

  /** Heads with an in-circuit edge to the logits. */
  intoLogits(): Head[] {
    return this.#writers((v) => v === nBackward(this.graph.shape) - 1);
  }

  /** Heads with an in-circuit edge to the queries of one of `heads`. */
  intoQueries(heads: readonly Head[]): Head[] {
    return this.#writers((v) => {
      const { node, letter } = destinationNode(this.graph.shape, v);
      return node.kind === "head" && letter === "q" &&
        heads.some(([l, h]) => l === node.layer && h === node.head);
    });
  }

  /** Layers whose MLP has an in-circuit edge to the logits. */
  mlpsIntoLogits(): number[] {
    const { shape } = this.graph;
    const last = nBackward(shape) - 1;
    return this.#rows((v) => v === last)
      .map((u) => sourceNode(shape, u)).filter((n) => n.kind === "mlp").map((n) => n.layer);
  }

  /** Heads with an in-circuit edge to the MLP of one of `layers`. */
  intoMlps(layers: readonly number[]): Head[] {
    return this.#writers((v) => {
      const { node } = destinationNode(this.graph.shape, v);
      return node.kind === "mlp" && layers.includes(node.layer);
    });
  }

  #writers(into: (column: number) => boolean): Head[] {
    return this.#rows(into).flatMap((u): Head[] => {
      const node = sourceNode(this.graph.shape, u);
      return node.kind === "head" ? [[node.layer, node.head]] : [];
    });
  }

  /** Sources, ascending, with an in-circuit edge to one of the columns. */
  #rows(into: (column: number) => boolean): number[] {
    const { shape, mask } = this.graph;
    const columns = nBackward(shape);
    const wanted = Array.from({ length: columns }, (_, v) => v).filter(into);
    return Array.from({ length: nForward(shape) }, (_, u) => u)
      .filter((u) => wanted.some((v) => mask[u * columns + v]));
  }
}

/**
 * The circuit in a graph file.
 * @throws Error naming the file when it is missing, damaged, or of a model of another shape.
 */
export async function readCircuitHeads(path: string, config: ModelConfig): Promise<CircuitHeads> {
  const graph = await readGraphJson(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause.cause instanceof Deno.errors.NotFound)) {
      throw cause;
    }
    throw new Error(`no circuit at ${path}; get_circuits_over_time.ts makes it`, { cause });
  });
  const { nLayers, nHeads, parallel } = graph.shape;
  if (nLayers !== config.nLayers || nHeads !== config.nHeads || parallel !== config.parallel) {
    throw new Error(
      `${path} is the circuit of a model with ${nLayers} layers of ${nHeads} heads, ` +
        `this one has ${config.nLayers} of ${config.nHeads}`,
    );
  }
  return new CircuitHeads(graph);
}
