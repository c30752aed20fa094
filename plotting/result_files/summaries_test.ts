import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../utils/base/user_error.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { readCircuitSummary } from "../../utils/results/kinds/circuit_summary.ts";
import { findSummaries } from "./summaries.ts";

Deno.test("findSummaries() searches folders and reports what is wrong with a path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(() => findSummaries([folder]), UserError, "no summary.json below");
    await assertRejects(() => findSummaries([`${folder}/x`]), UserError, "found nothing at");
    await Deno.mkdir(`${folder}/pythia-160m/ioi`, { recursive: true });
    const file = `${folder}/pythia-160m/ioi/summary.json`;
    await Deno.writeTextFile(file, JSON.stringify(formingCircuit()));
    const found = await findSummaries([folder, file]);
    assertEquals(found.map(({ summary }) => summary.model), ["pythia-160m"]);
    await Deno.writeTextFile(file, '{"format": "other"}');
    await assertRejects(() => readCircuitSummary(file), UserError, '"other"');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
