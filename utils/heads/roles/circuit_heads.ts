/** Finds the heads of a circuit by what they write to: anything, the logits, the queries of heads, or MLPs. */
import {
  destinationNode,
  type GraphFile,
  nBackward,
  nForward,
  readGraph,
  sourceNode,
} from "../../circuits/mod.ts";
import type { ModelConfig } from "../../model/mod.ts";
import type { Head } from "../head.ts";

/** Answers questions about the heads of one circuit. */
export class CircuitHeads {
  /** Takes the shape of the graph and the mask of its in-circuit edges `[nForward, nBackward]`. */
  constructor(private readonly graph: Pick<GraphFile, "shape" | "mask">) {}

  /** Returns the heads that are the source of an in-circuit edge. */
  sources(): Head[] {
    return this.#writers(() => true);
  }

  /** Returns the heads with an in-circuit edge to the logits. */
  intoLogits(): Head[] {
    return this.#writers((v) => v === nBackward(this.graph.shape) - 1);
  }

  /** Returns the heads with an in-circuit edge to the queries of one of `heads`. */
  intoQueries(heads: readonly Head[]): Head[] {
    return this.#writers((v) => {
      const { node, letter } = destinationNode(this.graph.shape, v);
      return node.kind === "head" && letter === "q" &&
        heads.some(([l, h]) => l === node.layer && h === node.head);
    });
  }

  /** Returns the layers whose MLP has an in-circuit edge to the logits. */
  mlpsIntoLogits(): number[] {
    const { shape } = this.graph;
    const last = nBackward(shape) - 1;
    return this.#rows((v) => v === last)
      .map((u) => sourceNode(shape, u)).filter((n) => n.kind === "mlp").map((n) => n.layer);
  }

  /** Returns the heads with an in-circuit edge to the MLP of one of `layers`. */
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

  /** Returns the sources, ascending, with an in-circuit edge to one of the columns. */
  #rows(into: (column: number) => boolean): number[] {
    const { shape, mask } = this.graph;
    const columns = nBackward(shape);
    const wanted = Array.from({ length: columns }, (_, v) => v).filter(into);
    return Array.from({ length: nForward(shape) }, (_, u) => u)
      .filter((u) => wanted.some((v) => mask[u * columns + v]));
  }
}

/**
 * Reads the circuit in a graph file.
 * @throws Error naming the file if it is missing, damaged or of a model of another shape
 */
export async function readCircuitHeads(path: string, config: ModelConfig): Promise<CircuitHeads> {
  const graph = await readGraph(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause.cause instanceof Deno.errors.NotFound)) {
      throw cause;
    }
    throw new Error(`no circuit at ${path}; run get_circuits_over_time.ts to make it`, { cause });
  });
  const { nLayers, nHeads, parallel } = graph.shape;
  if (nLayers !== config.nLayers || nHeads !== config.nHeads || parallel !== config.parallel) {
    throw new Error(
      `${path} is the circuit of a model with ${nLayers} layers of ${nHeads} heads; ` +
        `this model has ${config.nLayers} layers of ${config.nHeads} heads`,
    );
  }
  return new CircuitHeads(graph);
}
