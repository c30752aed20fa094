// The circuit of your own task: a CSV file with the columns clean, corrupted, correct, wrong.
import {
  CircuitEvaluator,
  circuitShape,
  edgeScores,
  greedySelection,
  HookedModel,
  loadTask,
  promptBatches,
  readoutOf,
  taskPerformance,
} from "../mod.ts";

const file = Deno.args[0] ?? `${import.meta.dirname}/own_task.csv`;
const model = await HookedModel.load("pythia-nano");
const task = await loadTask("names", model.tokenizer, { file });
const { accuracy } = await taskPerformance(model, task, { metrics: ["accuracy"] });
const batches = promptBatches(task.prompts, readoutOf(task));
const { scores } = await edgeScores(model, batches, { method: "EAP-IG-inputs", steps: 10 });
const circuit = greedySelection(circuitShape(model.config), scores, 40);
const evaluator = await CircuitEvaluator.prepare(model, batches);
const [values] = await evaluator.evaluate([circuit]);
const mean = (list: ArrayLike<number>) => Array.from(list).reduce((a, b) => a + b, 0) / list.length;
const kept = mean(values) / mean(evaluator.cleanMetric);
console.log(`accuracy ${mean(accuracy)}, 40 edges keep ${(100 * kept).toFixed(0)} % of the metric`);
