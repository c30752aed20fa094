/**
 * Reference values of circuits:
 *
 *  scores.{metric}.{method}   edge scores, of the loss; the file has the negative of `exact`, the change of the metric
 *  circuit.{name}.in_graph    the pruned mask chosen from the stored scores of EAP-IG with 30 steps
 *  circuit.{name}.{metric}    the metric of each prompt under the stored mask
 */
import {
  CircuitEvaluator,
  circuitShape,
  type EdgeScoreOptions,
  edgeScores,
  greedySelection,
  pruneCircuit,
  topnSelection,
} from "../circuits/mod.ts";
import { type PromptBatch, promptBatches } from "../tasks/mod.ts";
import { type Quantity, type ReferenceCase, TOLERANCE } from "./reference_case.ts";

type Metric = "logit_diff" | "prob_diff";

const RANKED_BY = "scores.logit_diff.eap_ig_inputs_30";

/** Returns the case's prompt pairs in batches. */
function batchesOf(c: ReferenceCase, metric: Metric): PromptBatch[] {
  const { clean, corrupted, positions } = c.prompts;
  const pairs = clean.map((tokens, n) => ({
    cleanText: "",
    corruptedText: "",
    clean: tokens,
    corrupted: corrupted[n],
    position: positions[n],
    correct: [],
    wrong: [],
  }));
  return promptBatches(pairs, c.readout(metric));
}

function scores(name: string, options: EdgeScoreOptions, tolerance = TOLERANCE): Quantity {
  return {
    name: `scores.*.${name}`,
    tolerance,
    async compute(c, key) {
      const metric = key.split(".")[1] as Metric;
      const { scores } = await edgeScores(c.model, batchesOf(c, metric), options);
      return options.method === "exact" ? scores.map((x) => -x) : scores;
    },
  };
}

const informationFlow: Quantity = {
  name: "scores.information_flow_routes",
  tolerance: TOLERANCE,
  async compute(c) {
    const method = "information-flow-routes";
    return (await edgeScores(c.model, batchesOf(c, "logit_diff"), { method })).scores;
  },
};

/** For `circuit.greedy_60.in_graph`, the first 60 edges of the greedy selection. */
const inGraph: Quantity = {
  name: "circuit.*.in_graph",
  tolerance: 0,
  async compute(c, key) {
    const [, circuit] = key.split(".");
    const [, selection, size] = /^(greedy|topn)_(\d+)$/.exec(circuit) ?? [];
    if (!selection || !c.has(RANKED_BY)) return undefined;
    const shape = circuitShape(c.model.config);
    const select = selection === "greedy" ? greedySelection : topnSelection;
    const mask = select(shape, await c.read(RANKED_BY), Number(size));
    return Float32Array.from(pruneCircuit(shape, mask));
  },
};

/** One evaluator per case and metric, so that what does not depend on the circuit is computed once. */
const evaluators = new WeakMap<ReferenceCase, Map<Metric, Promise<CircuitEvaluator>>>();

function evaluatorOf(c: ReferenceCase, metric: Metric): Promise<CircuitEvaluator> {
  const known = evaluators.get(c) ?? new Map<Metric, Promise<CircuitEvaluator>>();
  evaluators.set(c, known);
  const evaluator = known.get(metric) ?? CircuitEvaluator.prepare(c.model, batchesOf(c, metric));
  known.set(metric, evaluator);
  return evaluator;
}

const circuitMetric = (metric: Metric): Quantity => ({
  name: `circuit.*.${metric}`,
  tolerance: TOLERANCE,
  async compute(c, key) {
    const mask = key.replace(`.${metric}`, ".in_graph");
    if (!c.has(mask)) return undefined;
    const evaluator = await evaluatorOf(c, metric);
    return (await evaluator.evaluate([Uint8Array.from(await c.read(mask))]))[0];
  },
});

/** Quantities of circuits. */
export const circuitQuantities: Quantity[] = [
  scores("eap", { method: "EAP" }),
  scores("clean_corrupted", { method: "clean-corrupted" }),
  scores("eap_ig_inputs_5", { method: "EAP-IG-inputs", steps: 5 }),
  scores("eap_ig_inputs_30", { method: "EAP-IG-inputs", steps: 30 }),
  scores("eap_ig_activations_5", { method: "EAP-IG-activations", steps: 5, compat: true }),
  scores("exact", { method: "exact" }, 1e-4),
  informationFlow,
  inGraph,
  circuitMetric("logit_diff"),
  circuitMetric("prob_diff"),
];
