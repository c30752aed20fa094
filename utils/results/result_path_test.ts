import { assertEquals, assertThrows } from "@std/assert";
import { modelFolder, ResultPaths } from "./result_path.ts";

Deno.test("modelFolder() drops the owner, path and checkpoint of a model's name", () => {
  assertEquals(modelFolder("EleutherAI/pythia-160m-seed1"), "pythia-160m-seed1");
  assertEquals(modelFolder("pythia-2.8b"), "pythia-2.8b");
  assertEquals(modelFolder("models/pythia-nano/"), "pythia-nano");
  assertEquals(modelFolder("models/pythia-nano/step1000"), "pythia-nano");
  assertEquals(modelFolder("/data/my model (final)"), "my_model_final");
  assertEquals(modelFolder(".hidden"), "hidden");
  assertEquals(modelFolder(".").includes("/"), false);
  assertThrows(() => modelFolder("/"), Error, 'folder name of the model "/"');
});

Deno.test("ResultPaths lays results out as the original project does", () => {
  const paths = new ResultPaths("results", "EleutherAI/pythia-70m-seed2");
  assertEquals([
    paths.graph("ioi", 1000),
    paths.inCircuitEdges("ioi"),
    paths.image("sva", 8, "svg"),
    paths.faithfulness("ioi", 512),
    paths.baselines("ioi"),
    paths.components("full_model_components_over_time"),
    paths.algorithmicConsistency("ioi"),
    paths.circuitVerification("greater_than"),
    paths.backup(),
    paths.taskPerformance(),
  ], [
    "results/graphs/pythia-70m-seed2/ioi/raw/1000.json",
    "results/graphs/pythia-70m-seed2/ioi/in_circuit_edges.feather",
    "results/images/pythia-70m-seed2/sva/8.svg",
    "results/faithfulness/pythia-70m-seed2/ioi/512.json",
    "results/baselines/pythia-70m-seed2/ioi.json",
    "results/components/pythia-70m-seed2/full_model_components_over_time.json",
    "results/algorithmic_consistency/ioi/pythia-70m-seed2.json",
    "results/circuit_verification/pythia-70m-seed2/greater_than.json",
    "results/backup/pythia-70m-seed2/nmh_backup_metrics.json",
    "results/task_performance/pythia-70m-seed2.json",
  ]);
});
