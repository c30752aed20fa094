/**
 * The graph file of a reference case, `graph_relu.json` as circuit-tracer writes it, compared with ours of the set `relu`:
 *
 *  graph_relu.schema     whether ours fits the schema (0 or 1)
 *  graph_relu.metadata   share of keys of metadata and view state that differ, and of the entry in the list of graphs
 *  graph_relu.nodes      share of nodes with another id, number, type, label, …
 *  graph_relu.values     influence, activation and probability of the nodes
 *  graph_relu.links      share of links between other nodes; graph_relu.weights
 *
 * Tokens of the case are the words ` w{id}`, and `<s>` for 0.
 */
import { join } from "@std/path";
import { readJson } from "../../base/mod.ts";
import {
  type AttributionGraph,
  type NeuronpediaGraph,
  neuronpediaGraph,
  type NeuronpediaNode,
  neuronpediaSchema,
  type PrunedGraph,
} from "../../feature_circuits/mod.ts";
import { relativeError } from "../comparison.ts";
import type { GraphRow } from "./row.ts";

/** Values of a node; everything else is compared exactly. */
const VALUES = ["influence", "activation", "token_prob"] as const;

const tokenText = (token: number) => token === 0 ? "<s>" : ` w${token}`;

/** Yields the compared quantities if the case has the file. */
export async function* graphJsonRows(
  dir: string,
  graph: AttributionGraph,
  pruned: PrunedGraph,
  vocabulary: number,
  listed?: { graphs: unknown[] },
): AsyncGenerator<GraphRow> {
  const reference = await readJson(join(dir, "graph_relu.json")) as NeuronpediaGraph | undefined;
  if (!reference) return;
  const { slug, scan } = reference.metadata;
  const ours = neuronpediaGraph(graph, pruned, {
    slug,
    scan,
    tokens: graph.tokens.map(tokenText),
    tokenText,
    vocabulary,
    ambiguousIds: true,
    pruning: { nodeThreshold: 0.8, edgeThreshold: 0.98 },
  });
  const exact = (name: string, a: readonly string[], b: readonly string[]): GraphRow => ({
    quantity: `graph_relu.${name}`,
    error: a.length !== b.length
      ? 1
      : b.filter((x, i) => x !== a[i]).length / Math.max(1, b.length),
    exact: true,
  });
  const number = (name: string, a: readonly number[], b: readonly number[]): GraphRow => ({
    quantity: `graph_relu.${name}`,
    error: a.length !== b.length
      ? Infinity
      : relativeError(Float32Array.from(a), Float32Array.from(b)),
    exact: false,
  });
  const fits = (value: unknown) => neuronpediaSchema.safeParse(value).success;
  yield exact("schema", [`${fits(ours)}`, "true"], ["true", `${fits(reference)}`]);

  // Ours has more metadata; what circuit-tracer writes must be there.
  const of = (metadata: object, keys: object) =>
    Object.keys(keys).map((key) =>
      JSON.stringify([key, (metadata as Record<string, unknown>)[key]])
    );
  const entries = [reference.metadata, ...(listed?.graphs ?? []) as object[]];
  yield exact("metadata", [
    ...entries.flatMap((entry) => of(ours.metadata, entry)),
    ...of(ours.qParams, reference.qParams),
  ], [
    ...entries.flatMap((entry) => of(entry, entry)),
    ...of(reference.qParams, reference.qParams),
  ]);

  const fixed = (node: NeuronpediaNode) =>
    JSON.stringify(
      Object.entries(node).filter(([key, value]) =>
        !VALUES.some((v) => v === key && value !== null)
      )
        .sort(([a], [b]) => a < b ? -1 : 1),
    );
  yield exact("nodes", ours.nodes.map(fixed), reference.nodes.map(fixed));
  yield number(
    "values",
    ours.nodes.flatMap((node) => VALUES.map((key) => node[key] ?? 0)),
    reference.nodes.flatMap((node) => VALUES.map((key) => node[key] ?? 0)),
  );
  const sorted = ({ links }: NeuronpediaGraph) =>
    links.map(({ source, target, weight }) => ({ name: `${source} ${target}`, weight }))
      .sort((a, b) => a.name === b.name ? a.weight - b.weight : a.name < b.name ? -1 : 1);
  const [a, b] = [sorted(ours), sorted(reference)];
  yield exact("links", a.map(({ name }) => name), b.map(({ name }) => name));
  yield number("weights", a.map(({ weight }) => weight), b.map(({ weight }) => weight));
}
