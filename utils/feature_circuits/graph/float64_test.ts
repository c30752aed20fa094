import { assert, assertEquals } from "@std/assert";
import { attributionGraph } from "./graph.ts";
import { logitDifference } from "./targets.ts";
import { linearRun } from "../linear/linear_run.ts";
import { frozenOracle } from "../../../tests/oracle/frozen_oracle.ts";
import { graphCase, ORACLE_CASES } from "../../../tests/support/graph_cases.ts";
import { randomModel } from "../../../tests/support/random_model.ts";

// The oracle has the weights of the unprocessed model.
for (const name of ORACLE_CASES.filter((name) => !name.startsWith("folded"))) {
  Deno.test(`a double-precision oracle conserves to 1e-10 and has the graph's edges: ${name}`, async () => {
    const { model, coders, tokens } = graphCase(name), { config } = model;
    const run = await linearRun(model, coders, tokens);
    const graph = await attributionGraph(run, [await logitDifference(run, 3, 5)]);
    const { weights } = randomModel(config);
    const expected = frozenOracle(config, weights, coders, tokens, [3, 5], graph.biases);
    assertEquals(expected.features, [...graph.features]);
    assertEquals(expected.edges.length * expected.edges[0].length, graph.edges.length);

    const largest = Math.max(...expected.values.map(Math.abs));
    for (const [r, row] of expected.edges.entries()) {
      const total = row.reduce((a, b) => a + b, 0), value = expected.values[r];
      assert(Math.abs(total - value) < 1e-10 * largest, `row ${r}: ${total}, expected ${value}`);
      for (const [c, edge] of row.entries()) {
        const wrong = Math.abs(graph.edges[r * graph.columns + c] - edge);
        assert(wrong < 1e-5 * largest, `edge ${c} → ${r}: off by ${wrong} of ${largest}`);
      }
      const wrong = Math.abs(graph.values[r] - value);
      assert(wrong < 1e-5 * largest, `value ${r}: off by ${wrong} of ${largest}`);
    }
    // Every token and every kind of bias acts on something, so a missing one would be noticed.
    const size = (c: number) => Math.max(...expected.edges.map((row) => Math.abs(row[c])));
    const { columns, biases } = graph, first = columns - biases.length;
    for (const [b, { origin, layer }] of biases.entries()) {
      const empty = origin === "left_out" ||
        origin === "skip" && !coders[layer!].config.inputHook.endsWith("mlp.hook_in");
      assertEquals(size(first + b) === 0, empty, `${origin} of layer ${layer}`);
    }
    const firstToken = first - tokens.length;
    for (let c = firstToken; c < first; c++) assert(size(c) > 0, `token ${c - firstToken}`);
  });
}
