/** Compares what a root of `circuits.json` receives, its paths, and their graph (`path_quantities.ts`). */
import type { TensorSet } from "../../tensor_files/mod.ts";
import {
  chainName,
  featureRoot,
  greedyPaths,
  type NodeBalance,
  nodeBalances,
  nodeName,
  overTokens,
  type Path,
  type PathGraph,
  pathGraph,
  type PathRun,
  pullback,
  received,
  topEnds,
} from "../../feature_circuits/mod.ts";
import { relativeError } from "../comparison.ts";
import type { GraphRow } from "./row.ts";
import type { ReferenceEdge, ReferenceNode, ReferenceRoot } from "./path_files.ts";

/** Settings of the format. */
export const GREEDY = { iterations: 3, branches: 5 };

type Named = [string, number];

function numbers(
  quantity: string,
  ours: ArrayLike<number>,
  reference: ArrayLike<number>,
): GraphRow {
  const error = ours.length === reference.length
    ? relativeError(Float32Array.from(ours), Float32Array.from(reference))
    : Infinity;
  return { quantity, error, exact: false };
}

function names(quantity: string, ours: readonly string[], reference: readonly string[]): GraphRow {
  const wrong = reference.filter((name, i) => name !== ours[i]).length;
  const error = ours.length === reference.length ? wrong / Math.max(1, ours.length) : 1;
  return { quantity, error, exact: true };
}

/** Compares named numbers whatever their order: names exactly, then values. */
function* named(quantity: string, ours: Named[], reference: Named[]): Generator<GraphRow> {
  const sorted = (list: Named[]) => [...list].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  const [a, b] = [sorted(ours), sorted(reference)];
  yield names(quantity, a.map(([name]) => name), b.map(([name]) => name));
  yield numbers(`${quantity}.values`, a.map(([, x]) => x), b.map(([, x]) => x));
}

const edgeNames = (edges: readonly ReferenceEdge[]): Named[] =>
  edges.map(([child, parent, weight]) => [`${child} > ${parent}`, weight]);

/** Compares lists of paths: what the nodes are, exactly, then contributions and errors. */
export function* pathRows(
  quantity: string,
  ours: readonly (readonly Path[])[],
  reference: ReferenceNode[][][],
): Generator<GraphRow> {
  const flat = ours.flatMap((list, i) =>
    list.flatMap((path, j) => path.map((node) => ({ node, at: `${i}.${j}` })))
  );
  const theirs = reference.flatMap((list, i) =>
    list.flatMap((path, j) => path.map((node) => ({ node, at: `${i}.${j}` })))
  );
  yield names(
    quantity,
    flat.map(({ node, at }) =>
      [at, nodeName(node), chainName(node), node.layer, node.sublayer, node.token, node.capped]
        .join(" ")
    ),
    theirs.map(({ node: { name, path, layer, sublayer, token, type }, at }) =>
      [at, name, path, layer, sublayer, token, type === "zero_ablation"].join(" ")
    ),
  );
  yield numbers(
    `${quantity}.contributions`,
    flat.map(({ node }) => node.contribution ?? 0),
    theirs.map(({ node }) => node.contrib ?? 0),
  );
  yield numbers(
    `${quantity}.errors`,
    flat.map(({ node }) => node.error),
    theirs.map(({ node }) => node.error),
  );
}

/** Yields the quantities of one root. */
export async function* rootRows(
  prepared: PathRun,
  name: string,
  entry: ReferenceRoot,
  tensors: TensorSet,
): AsyncGenerator<GraphRow> {
  const { run, rows: { sources } } = prepared, n = run.tokens.length;
  const { features: { count: K, places }, coders } = run;
  const root = featureRoot(prepared, entry.layer, entry.feature, entry.token);
  const { direct, heads, mlps } = received(prepared, root);
  const F = coders[0].config.features;

  const transcoder = new Float64Array(mlps * F);
  for (let i = 0; i < K; i++) {
    const [layer, position, feature] = places.subarray(3 * i, 3 * i + 3);
    if (layer < mlps && position === entry.token) transcoder[layer * F + feature] = direct[i];
  }
  const { config: { dIn }, weights: { W_enc } } = coders[entry.layer];
  const constant = 1 / run.ln2[entry.layer][entry.token];
  const row = W_enc.data.subarray(entry.feature * dIn, (entry.feature + 1) * dIn);
  const biasOf = (wanted: (origin: string) => boolean) =>
    sources.biases.reduce(
      (sum, { origin }, b) => sum + (wanted(origin) ? direct[sources.firstBias + b] : 0),
      0,
    );
  const firstToken = K + run.model.config.nLayers * n;
  const raw = greedyPaths(prepared, root, GREEDY), graph = pathGraph(raw.flat());
  const balances = nodeBalances(prepared, graph);
  const tensorsOf: Record<string, ArrayLike<number>> = {
    vector: row.map((x) => x * constant),
    attention: heads.flatMap((values) => Array.from(values)),
    transcoder,
    pullback: coders.slice(0, mlps).flatMap((coder) => Array.from(pullback(coder, root.vector))),
  };
  for (const [key, ours] of Object.entries(tensorsOf)) {
    // A root that reads no layer has nothing to compare.
    if (ours.length === 0 && !tensors.has(`${name}.${key}`)) continue;
    yield numbers(`${name}.${key}`, ours, await tensors.read(`${name}.${key}`));
  }
  yield numbers(`${name}.ln_constant`, [constant], [entry.ln_constant]);
  // The parts of one activation, and so relative to the largest of them: a small part has the rounding of the large ones.
  yield numbers(`${name}.parts`, [
    root.contribution!,
    direct.subarray(firstToken, sources.firstBias).reduce((a, b) => a + b, 0),
    ...Array.from({ length: mlps }, (_, layer) => direct[K + layer * n + entry.token]),
    root.constant,
    biasOf((origin) => origin === "attention_output"),
    biasOf((origin) => origin === "decoder"),
    balances[0].residual,
  ], [
    entry.activation,
    entry.embedding,
    ...entry.transcoder_errors,
    entry.bias,
    entry.attention_output_bias,
    entry.transcoder_output_bias,
    entry.exact_residual,
  ]);

  yield* pathRows(`${name}.paths_raw`, raw, entry.paths_raw);
  yield* pathRows(
    `${name}.paths_capped`,
    greedyPaths(prepared, root, { ...GREEDY, cap: "last" }),
    entry.paths_capped,
  );
  yield* pathRows(
    `${name}.paths_raw_with_first_source`,
    greedyPaths(prepared, root, { ...GREEDY, ignoreFirst: false }),
    entry.paths_raw_with_first_source,
  );
  yield* graphRowsOf(name, graph, balances, entry);
  yield* named(
    `${name}.top_features`,
    topEnds(raw).map(({ chain, contribution }) => [chain, contribution]),
    entry.top_features.map(({ path, contrib }) => [path, contrib!]),
  );
}

function* graphRowsOf(
  name: string,
  graph: PathGraph,
  balances: readonly NodeBalance[],
  entry: ReferenceRoot,
): Generator<GraphRow> {
  const edges = graph.edges.map((e): ReferenceEdge => [e.child, e.parent, e.weight]);
  yield* named(`${name}.graph_edges`, edgeNames(edges), edgeNames(entry.graph_edges));
  yield* named(
    `${name}.graph_nodes`,
    [...graph.nodes].map(([node, { contribution }]) => [node, contribution!]),
    Object.entries(entry.graph_nodes),
  );
  yield* named(
    `${name}.error_edges`,
    edgeNames(balances.flatMap((balance) => asPublished(graph, balance))),
    edgeNames(entry.error_edges),
  );
  yield* named(
    `${name}.edges_without_tokens`,
    edgeNames(overTokens(graph).map((e): ReferenceEdge => [e.child, e.parent, e.weight])),
    edgeNames(entry.edges_without_tokens),
  );
}

/** Returns the error edges of a node as transcoder_circuits defines them: the bias without the scale of the vector. */
function asPublished(
  { nodes }: PathGraph,
  { name, contribution, edges, errors, ownBias }: NodeBalance,
): ReferenceEdge[] {
  const node = nodes.get(name)!, isFeature = node.chain[0].feature !== undefined;
  const edge = (kind: string, weight: number): ReferenceEdge => {
    const [component, token] = name.split("@");
    return [`${component}${kind}${node.layer}@${token}`, name, weight];
  };
  return [
    edge("tc_error", errors),
    ...(isFeature ? [edge("bias_error", ownBias / node.scale)] : []),
    edge("prune_error", contribution - edges),
  ];
}
