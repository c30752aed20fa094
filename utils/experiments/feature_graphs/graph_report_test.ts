import { assert, assertEquals, assertMatch } from "@std/assert";
import { graphCase } from "../../../tests/support/graph_cases.ts";
import {
  attributionGraph,
  graphScores,
  linearRun,
  logitDifference,
  pruneGraph,
} from "../../feature_circuits/mod.ts";
import { runCoders } from "../../transcoders/mod.ts";
import {
  errorShares,
  graphWarnings,
  type JudgedGraph,
  nodeLabel,
  pathLines,
  promptOutcome,
} from "./graph_report.ts";

const prompt = (tokens: number[], correct: number[], wrong: number[]) => ({
  slug: "a",
  text: "a",
  tokens,
  correct,
  wrong,
});

Deno.test("a good graph has no warning, and each defect has its own", async () => {
  const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
  const run = await linearRun(model, coders, tokens);
  const graph = await attributionGraph(run, [await logitDifference(run, 3, 5)]);
  const good: JudgedGraph = {
    graph,
    scores: { replacement: 0.9, completeness: 0.95 },
    outcome: { top: 3, probability: 0.5, difference: 1 },
    errors: [0.1, 0.2, 0.1],
  };
  const warnings = (changed: Partial<JudgedGraph>) => graphWarnings({ ...good, ...changed }, {});
  assertEquals(warnings({}), []);
  const defects: [Partial<JudgedGraph>, RegExp][] = [
    [{ errors: [0.1, 0.45, 1.2] }, /they miss 45 % of MLP 1, 120 % of MLP 2/],
    [{ scores: { replacement: 0.2, completeness: 0.9 } }, /errors carry 80 % of the influence/],
    [{ outcome: { top: 3, probability: 0.5, difference: -0.5 } }, /right answer .*-0\.50/],
    [{ outcome: { top: 3, probability: 0.01 } }, /unsure: its most probable token, "#3"/],
    [{ graph: { ...graph, activations: new Float32Array(0) } }, /no feature is active/],
    [
      { graph: { ...graph, leftOut: { features: 7, influence: 0.3 } } },
      /left out 7 features with 30 %/,
    ],
  ];
  for (const [changed, message] of defects) {
    const found = warnings(changed);
    assertEquals(found.length, 1, `${message}`);
    assertMatch(found[0], message);
  }
  model.close();
});

Deno.test("errors are what coders miss, and outcomes are the model's", async () => {
  const { model, coders, tokens } = graphCase("GPT-2, stream");
  const run = await linearRun(model, coders, tokens, { ignore: [0] });
  const shares = await errorShares(run);
  const runs = await runCoders(model, coders, [tokens]);
  for (const [layer, { output, target }] of runs.entries()) {
    const d = target.shape.at(-1)!;
    const size = (x: (i: number) => number) => {
      let total = 0;
      for (let i = d; i < target.data.length; i++) total += x(i) ** 2;
      return total;
    };
    const expected = size((i) => target.data[i] - output.data[i]) / size((i) => target.data[i]);
    assert(Math.abs(shares[layer] - expected) < 1e-9 * expected);
  }
  const { data } = await model.logits([tokens], [4]);
  const p = Array.from(data, (x) => Math.exp(x)), all = p.reduce((a, b) => a + b, 0);
  const outcome = await promptOutcome(run, prompt(tokens, [1, 2], [7]));
  assertEquals(outcome.top, p.indexOf(Math.max(...p)));
  assert(Math.abs(outcome.probability - p[outcome.top] / all) < 1e-6);
  assert(Math.abs(outcome.difference! - ((data[1] + data[2]) / 2 - data[7])) < 1e-6);
  assertEquals((await promptOutcome(run, prompt(tokens, [1], []))).difference, undefined);
  model.close();
});

Deno.test("paths are printed with share, sign and names", async () => {
  const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
  const run = await linearRun(model, coders, tokens);
  const graph = await attributionGraph(run, [await logitDifference(run, 3, 5)]);
  const pruned = pruneGraph(graph), n = tokens.length, K = graph.activations.length;
  const lines = pathLines(graph, pruned, 5, {});
  assertEquals(lines.length, 5);
  for (const line of lines) {
    assertMatch(line, /^ *\d+\.\d % [+−] {2}logit 3 − logit 5 <- .*(error \d@\d|"#\d+"@\d)$/);
  }
  const [layer, position, feature] = graph.features;
  assertEquals(nodeLabel(graph, 0, {}), `${layer}.${feature}@${position}`);
  assertEquals(nodeLabel(graph, K + n + 2, {}), "error 1@2");
  assertEquals(nodeLabel(graph, K + 3 * n + 2, {}), `"#${tokens[2]}"@2`);
  assert(graphScores(graph).completeness < 1);
  model.close();
});
