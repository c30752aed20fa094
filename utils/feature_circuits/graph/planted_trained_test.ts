/** Reads back the planted circuit with coders that were trained on its activations. */
import { assert, assertEquals } from "@std/assert";
import { attributionGraph } from "./graph.ts";
import { pruneGraph } from "../../graphs/mod.ts";
import { logitTargets } from "./targets.ts";
import { linearRun } from "../linear/linear_run.ts";
import { PLANTED, plantedCircuit } from "../../../tests/support/planted_circuit.ts";
import { learnedNeurons, trainedOnPlanted } from "../../../tests/support/trained_planted.ts";

const { a, b, answer } = PLANTED;

/** F1 of the edges that are found. */
function f1(found: ReadonlySet<string>, expected: readonly string[]): number {
  return 2 * expected.filter((edge) => found.has(edge)).length / (found.size + expected.length);
}

/**
 * A trained coder leaves a part of the answer's neuron in its error, so the error of layer 1 at the read-out has an edge into
 * the logit. Edges from errors say what the coders lack, not what feeds what: they are counted apart.
 */
Deno.test("with trained coders the planted circuit has its edges, and only an error's beside them", async () => {
  for (const seed of [1, 2]) {
    const { model, coders: neurons } = await plantedCircuit(0.05, seed);
    const coders = await trainedOnPlanted(model, neurons.map(({ config }) => config), seed);
    const learned = coders.map((coder, layer) => learnedNeurons(coder, neurons[layer], 0.8));
    for (const tokens of [[0, a, b, 5], [3, b, a, 4]]) {
      const run = await linearRun(model, coders, tokens);
      const graph = await attributionGraph(run, await logitTargets(run, { tokens: [answer] }));
      const K = graph.activations.length, n = tokens.length;
      const nameOf = (node: number) => {
        if (node < K) {
          const [layer, position, feature] = graph.features.subarray(3 * node, 3 * node + 3);
          const neuron = learned[layer][feature];
          return `${layer}.${neuron < 0 ? `unknown ${feature}` : neuron}@${position}`;
        }
        const place = node - K - 2 * n;
        if (place < 0) return `error ${Math.floor((node - K) / n)}@${(node - K) % n}`;
        return place < n ? `token@${place}` : "logit";
      };
      const { edges } = pruneGraph(graph, { nodeThreshold: 0.95, edgeThreshold: 0.9 });
      const found = new Set<string>(), errors: string[] = [];
      for (let i = 0; i < edges.length; i += 2) {
        const edge = `${nameOf(edges[i + 1])} → ${nameOf(edges[i])}`;
        if (edge.startsWith("error")) errors.push(edge);
        else found.add(edge);
      }
      const [atA, atB] = [tokens.indexOf(a), tokens.indexOf(b)];
      const score = f1(found, [
        `token@${atA} → 0.0@${atA}`,
        `token@${atB} → 0.1@${atB}`,
        `0.0@${atA} → 1.0@3`,
        `0.1@${atB} → 1.0@3`,
        "1.0@3 → logit",
      ]);
      assert(score >= 0.95, `seed ${seed}, ${tokens}: F1 ${score} of ${[...found].join(", ")}`);
      assertEquals(errors.filter((edge) => edge !== "error 1@3 → logit"), []);
    }
    model.close();
  }
});
