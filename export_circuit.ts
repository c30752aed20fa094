/**
 * Exports a circuit that get_circuits_over_time.ts found: for Neuronpedia, as EAP-IG's graph file, as Graphviz text or as
 * a picture. Can choose the circuit again, by edges, nodes, neurons or a threshold.
 *
 *   deno run -A export_circuit.ts --graph results/graphs/pythia-nano/ioi/raw/6144.json
 *
 * Writes one file, by default next to the graph file.
 */
import { exportCircuit, exportSchema } from "./utils/experiments/mod.ts";
import { runScript } from "./utils/cli/mod.ts";

export const script = {
  name: "export_circuit",
  description:
    "Exports a circuit: for Neuronpedia, as EAP-IG's graph file, as Graphviz text or as a picture.",
  examples: [
    "--graph results/graphs/pythia-nano/ioi/raw/6144.json",
    "--graph results/graphs/pythia-nano/ioi/raw/6144.json --select threshold --threshold 0.05 --format svg --output circuit.svg",
    "--graph results/graphs/pythia-nano/ioi/raw/6144.json --select nodes --n 8 --format eap-ig",
  ],
  schema: exportSchema,
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const { path, edges, nodes, weightedEdges } = await exportCircuit(config);
    const size = weightedEdges === undefined
      ? ""
      : ` (neurons weigh as much as ${weightedEdges.toFixed(1)} edges)`;
    console.log(`${edges} edges between ${nodes} nodes${size} written to ${path}`);
  });
}
