import { assertEquals } from "@std/assert";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { leftOut, runLooks } from "./runs.ts";

Deno.test("runLooks() names what differs between runs of one model and task", () => {
  const run = (task: string, config: Record<string, unknown>) => ({
    ...formingCircuit({ nLayers: 2, nHeads: 2, steps: [1000], task }),
    config,
  });
  const looks = runLooks([
    run("ioi", { threshold: 0.8, method: "EAP" }),
    run("ioi", { threshold: 0.95, method: "EAP" }),
    run("sva", { threshold: 0.8, method: "EAP" }),
  ]);
  assertEquals(looks.map(({ name, dash }) => [name, dash]), [
    ["pythia-160m, threshold 0.8", "solid"],
    ["pythia-160m, threshold 0.95", "dash"],
    ["pythia-160m", "solid"],
  ]);
  const twins = runLooks([run("ioi", {}), run("ioi", {})]).map(({ name }) => name);
  assertEquals(twins, ["pythia-160m, run 1", "pythia-160m, run 2"]);
});

Deno.test("leftOut() says something only if a checkpoint is left out", () => {
  const summary = formingCircuit({ nLayers: 2, nHeads: 2, steps: [100, 1000] });
  assertEquals(leftOut([summary]), "");
  summary.checkpoints[0].ability!.able = false;
  assertEquals(leftOut([summary]).includes("does not do the task"), true);
});
