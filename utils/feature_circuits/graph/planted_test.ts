/** Reads back a circuit that was set by hand in a model's weights. */
import { assert, assertEquals } from "@std/assert";
import { type AttributionGraph, attributionGraph, graphRows } from "./graph.ts";
import { pruneGraph } from "../../graphs/mod.ts";
import { featureTarget, logitTargets } from "./targets.ts";
import { linearRun } from "../linear/linear_run.ts";
import { splitByHead } from "../splits/head_split.ts";
import { PLANTED, plantedCircuit } from "../../../tests/support/planted_circuit.ts";

/** Name of a node: `layer.feature@position`, `token@position`, `error`, `logit`. */
function nameOf({ activations, features, layers, tokens }: AttributionGraph, node: number): string {
  const K = activations.length, n = tokens.length;
  if (node < K) return `${features[3 * node]}.${features[3 * node + 2]}@${features[3 * node + 1]}`;
  if (node < K + layers * n) return "error";
  return node < K + (layers + 1) * n ? `token@${node - K - layers * n}` : "logit";
}

const { a, b, answer } = PLANTED;
/** Edges of the circuit with a at position 1, b at position 2, read at position 3: source → target. */
const CIRCUIT = [
  "token@1 → 0.0@1",
  "token@2 → 0.1@2",
  "0.0@1 → 1.0@3",
  "0.1@2 → 1.0@3",
  "1.0@3 → logit",
];

Deno.test("the pruned graph of a planted two-hop circuit has its edges and no others", async () => {
  for (const seed of [1, 2, 3]) {
    const { model, coders } = await plantedCircuit(0.05, seed);
    const run = await linearRun(model, coders, [0, a, b, 5]);
    const graph = await attributionGraph(run, await logitTargets(run, { tokens: [answer] }));
    assert(graph.activations.length > 60, "noise neurons are active");
    const { edges } = pruneGraph(graph, { nodeThreshold: 0.95, edgeThreshold: 0.9 });
    const found: string[] = [];
    for (let i = 0; i < edges.length; i += 2) {
      found.push(`${nameOf(graph, edges[i + 1])} → ${nameOf(graph, edges[i])}`);
    }
    assertEquals(found.sort(), [...CIRCUIT].sort(), `seed ${seed}`);
    model.close();
  }
});

Deno.test("both hops of the planted circuit go through its head", async () => {
  const { model, coders } = await plantedCircuit(0.05);
  const run = await linearRun(model, coders, [0, a, b, 5]);
  const { parts, columns } = await splitByHead(
    run,
    await graphRows(run),
    featureTarget(run, 1, 3, 0),
  );
  const { places, count } = run.features;
  for (const [layer, position, feature] of [[0, 1, 0], [0, 2, 1]]) {
    const node = Array.from({ length: count }, (_, i) => i).find((i) =>
      places[3 * i] === layer && places[3 * i + 1] === position && places[3 * i + 2] === feature
    )!;
    const shares = Array.from(
      { length: parts.length / columns },
      (_, r) => parts[r * columns + node],
    );
    const whole = shares.reduce((x, y) => x + y, 0);
    // row 1 + layer·heads + head
    assert(shares[1 + 1 * 2 + 0] > 0.98 * whole && whole > 1, `${shares}`);
  }
  model.close();
});

Deno.test("without one of the two tokens the planted neuron is off", async () => {
  const { model, coders } = await plantedCircuit(0.05);
  for (const tokens of [[0, a, 4, 5], [0, 4, b, 5]]) {
    const { features: { places } } = await linearRun(model, coders, tokens);
    for (let i = 0; i < places.length; i += 3) {
      assert(!(places[i] === 1 && places[i + 2] === 0), `active for ${tokens}`);
    }
  }
  model.close();
});
