import { assertEquals } from "@std/assert";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { baseModel, modelColour } from "./models.ts";
import { byRun, leftOut, runDash, runLooks } from "./runs.ts";

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

Deno.test("byRun() keeps two runs of one model apart by name", () => {
  const file = (model: string, n_prompts: number) => ({ header: { model, config: { n_prompts } } });
  const files = [file("pythia-70m", 50), file("pythia-70m", 200), file("pythia-160m", 50)];
  const runs = byRun(files, ({ header }) => header.config.n_prompts);
  const names = ["pythia-70m, n prompts 50", "pythia-70m, n prompts 200", "pythia-160m"];
  assertEquals([...runs], [[names[0], 50], [names[1], 200], [names[2], 50]]);
  assertEquals(names.map((name) => runDash(name, names)), ["solid", "dash", "solid"]);
  assertEquals(modelColour(names[1]), modelColour("pythia-70m"));
  assertEquals(names.map((name) => baseModel(name)), ["pythia-70m", "pythia-70m", "pythia-160m"]);
});
