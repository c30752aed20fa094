import { oracle, type OracleRun } from "../../../tests/oracle/oracle_transformer.ts";
import { attribute, GRADIENT_METHODS } from "./attribution.ts";
import { nForward, sourceNode } from "../graph/graph.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { pathPoints } from "./quadrature.ts";
import {
  ARCHITECTURES,
  assertClose,
  type SmallModel,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import { metricOf, type Sources, sourcesOf } from "../../../tests/oracle/oracle_circuits.ts";

const PAIRS = smallPairs().slice(1, 3);
const READOUT = smallReadout(PAIRS.length, "probabilities");
const cut = (which: "clean" | "corrupted", n: number) =>
  PAIRS[n][which].slice(0, PAIRS[n].position + 1);

/** Returns the slope of the loss on prompt n when the output of source u moves by `change` `[P, d]`, by central differences. */
function slope(
  { config, weights }: SmallModel,
  n: number,
  u: number,
  change: Float64Array,
  loss: (run: OracleRun) => number,
  embedding?: Float64Array,
): number {
  const node = sourceNode(config, u), d = config.dModel, H = config.nHeads, step = 1e-4;
  const point = { input: "hook_embed", mlp: "hook_mlp_out", head: "attn.hook_result", logits: "" };
  const hook = node.kind === "input" ? "hook_embed" : `blocks.${node.layer}.${point[node.kind]}`;
  const at = (sign: number) =>
    loss(oracle(config, weights, cut("clean", n), (name, { data }) => {
      if (name === "hook_embed" && embedding) data.set(embedding);
      if (name !== hook) return;
      change.forEach((x, i) => {
        const p = Math.floor(i / d);
        const place = node.kind === "head" ? (p * H + node.head) * d + i % d : i;
        data[place] += sign * step * x;
      });
    }));
  return (at(1) - at(-1)) / (2 * step);
}

function differences({ config, weights }: SmallModel, n: number): { D: Sources; clean: Sources } {
  const of = (which: "clean" | "corrupted") =>
    sourcesOf(config, oracle(config, weights, cut(which, n)));
  const clean = of("clean"), corrupted = of("corrupted");
  return { clean, D: clean.map((own, u) => own.map((x, i) => corrupted[u][i] - x)) };
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`node and neuron scores are slopes of the loss along a node's own difference: ${name}`, async () => {
    const small = smallModel(config), d = config.dModel;
    const { nodes } = await attribute(small.model, promptBatches(PAIRS, READOUT), {
      method: "EAP",
    });
    const expected = new Float64Array(nForward(config));
    const neurons = new Float64Array(nForward(config) * d);
    PAIRS.forEach((_, n) => {
      const loss = (run: OracleRun) => -metricOf(small, run, n, READOUT) / PAIRS.length;
      differences(small, n).D.forEach((change, u) => {
        expected[u] += slope(small, n, u, change, loss);
        for (let k = 0; k < d; k++) {
          const one = change.map((x, i) => i % d === k ? x : 0);
          neurons[u * d + k] += slope(small, n, u, one, loss);
        }
      });
    });
    assertClose(nodes.nodes, expected, 1e-5, "nodes");
    assertClose(nodes.neurons, neurons, 1e-5, "neurons");
  });
}

Deno.test("node scores of EAP-IG-inputs are taken at every path point", async () => {
  for (const name of ["GPT-NeoX", "GPT-2"]) {
    const config = ARCHITECTURES[name], small = smallModel(config);
    const points = pathPoints("gauss-legendre", 2);
    const { nodes } = await attribute(small.model, promptBatches(PAIRS, READOUT), {
      steps: 2,
      quadrature: "gauss-legendre",
    });
    const expected = new Float64Array(nForward(config));
    PAIRS.forEach((_, n) => {
      const { D, clean } = differences(small, n);
      for (const { alpha, weight } of points) {
        const embedding = clean[0].map((x, i) => x + (1 - alpha) * D[0][i]);
        const loss = (run: OracleRun) => -weight * metricOf(small, run, n, READOUT) / PAIRS.length;
        D.forEach((change, u) => expected[u] += slope(small, n, u, change, loss, embedding));
      }
    });
    assertClose(nodes.nodes, expected, 1e-5, name);
  }
});

Deno.test("neuron scores of a node add up to its score", async () => {
  const { model, config } = smallModel(ARCHITECTURES["GPT-2"]);
  for (const method of GRADIENT_METHODS) {
    const batches = promptBatches(PAIRS, READOUT);
    const { nodes: { nodes, neurons } } = await attribute(model, batches, { method, steps: 2 });
    const d = config.dModel;
    const sums = nodes.map((_, u) => neurons.subarray(u * d, (u + 1) * d).reduce((a, b) => a + b));
    assertClose(sums, nodes, 1e-6, method);
  }
});
