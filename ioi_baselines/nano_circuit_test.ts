/** The embedded suite has the circuit that the notebooks and the README describe. */
import { assert, assertEquals } from "@std/assert";
import { headsWhere } from "../utils/heads/mod.ts";
import { headName } from "../utils/names/mod.ts";
import { ioiCircuit } from "./ioi_circuit.ts";
import { openIoi } from "./ioi_prompts.ts";
import { rolesFound } from "./roles_found.ts";

Deno.test("pythia-nano ends with name movers that S-inhibition heads steer, and with induction heads", async () => {
  const ioi = await openIoi("pythia-nano", "last", 70);
  const circuit = await ioiCircuit(ioi);
  const shape = ioi.model.config;
  const { copy, attention: { io, s1, s2 }, heads } = circuit.movers;

  const clear = headsWhere(
    shape,
    (i) => copy.positive[i] > 50 && io[i] > 0.6 && io[i] > s1[i] && io[i] > s2[i],
  ).map(headName);
  const moving = new Set(heads.map(headName));
  assert(clear.some((name) => moving.has(name)), `name movers: ${[...moving]}, clear: ${clear}`);

  const roles = rolesFound(circuit, shape);
  assert(roles.some(({ role }) => role === "S-inhibition"), "no S-inhibition head");
  const largest = Math.min(...circuit.inhibition.effects);
  assert(largest < -0.1, `S-inhibition through name movers' queries: ${largest}`);
  assert(Math.max(...circuit.inputs.scores.induction) > 0.5, "no induction head");
  ioi.model.close();
});

Deno.test("pythia-nano has no circuit for indirect objects before it does the task", async () => {
  const ioi = await openIoi("pythia-nano", 512, 70);
  const circuit = await ioiCircuit(ioi);
  assertEquals(rolesFound(circuit, ioi.model.config), []);
  ioi.model.close();
});
