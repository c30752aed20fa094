/** Writes the circuit on the screen as JSON in EAP-IG's graph format. */
import type { CircuitSummary } from "../../../utils/results/mod.ts";
import { edgeName, headName, LETTERS, mlpName } from "../../../utils/names/mod.ts";
import type { Shape } from "./names.ts";

/** Yields the names of all edges of a model, in the order used by EAP-IG's files. */
export function* allEdgeNames(shape: Shape): Generator<string> {
  const before = ["input"];
  for (let layer = 0; layer < shape.nLayers; layer++) {
    const heads = Array.from({ length: shape.nHeads }, (_, head) => headName([layer, head]));
    const mlp = mlpName(layer);
    for (const source of before) {
      for (const target of heads) {
        for (const letter of LETTERS) yield edgeName({ source, target, letter });
      }
      if (shape.parallel) yield edgeName({ source, target: mlp, letter: null });
    }
    if (!shape.parallel) {
      for (const source of [...before, ...heads]) {
        yield edgeName({ source, target: mlp, letter: null });
      }
    }
    before.push(...heads, mlp);
  }
  for (const source of before) yield edgeName({ source, target: "logits", letter: null });
}

/**
 * Returns the circuit as EAP-IG's graph JSON, in pieces (a 2.8b model has 1.6 million edges). It lists all edges,
 * because EAP-IG's loader keeps an unlisted edge in the circuit. Edges outside the circuit get score 0, because the
 * summary does not have their scores.
 */
export function graphJson(summary: CircuitSummary, index: number, nodes: string[]): string[] {
  const { shape, checkpoints } = summary;
  const { circuit, nodes: inside } = checkpoints[index];
  const scores = new Map(circuit.map((edge) => [edgeName(edge), edge.score]));
  const members = new Set(inside);
  const config = {
    n_layers: shape.nLayers,
    n_heads: shape.nHeads,
    parallel_attn_mlp: shape.parallel,
  };
  const flags = Object.fromEntries(nodes.map((name) => [name, members.has(name)]));
  const pieces = [
    `{"cfg": ${JSON.stringify(config)}, "nodes": ${JSON.stringify(flags)}, "edges": {`,
  ];
  let separator = "";
  for (const name of allEdgeNames(shape)) {
    const score = scores.get(name);
    pieces.push(
      `${separator}"${name}": {"score": ${score ?? 0}, "in_graph": ${score !== undefined}}`,
    );
    separator = ", ";
  }
  pieces.push("}}");
  return pieces;
}
