import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { graphRows } from "../graph/graph.ts";
import { splitByHead } from "./head_split.ts";
import { type LinearRun, linearRun } from "../linear/linear_run.ts";
import { queryKeyScore, scorePair, strongestPairs } from "./query_key.ts";
import { type GraphTarget, logitDifference, neuronTarget } from "../graph/targets.ts";
import { hookName } from "../../model/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import { GRAPH_CASES, graphCase } from "../../../tests/support/graph_cases.ts";

async function runOf(name: string): Promise<LinearRun> {
  const { model, coders, tokens } = graphCase(name);
  return await linearRun(model, coders, tokens);
}

/** The edges into a target. */
async function edgesInto(run: LinearRun, target: GraphTarget): Promise<Float32Array> {
  const prepared = await graphRows(run);
  const { rows, constants: [constant] } = await prepared.targetRows([target]);
  const data = new Float32Array(prepared.sources.columns);
  await prepared.walk.edges(rows, { data, offset: () => 0 });
  data[prepared.sources.bias("reading")] += constant;
  return data;
}

const size = (x: ArrayLike<number>) => Array.from(x).reduce((m, v) => Math.max(m, Math.abs(v)), 0);

for (const name of GRAPH_CASES) {
  Deno.test(`edges are their direct part and the parts of heads: ${name}`, async () => {
    const run = await runOf(name);
    for (
      const target of [await logitDifference(run, 3, 5), await neuronTarget(run.model, 2, 3, 1)]
    ) {
      const edges = await edgesInto(run, target);
      const { parts, columns } = await splitByHead(run, await graphRows(run), target);
      assertEquals(parts.length, (1 + 3 * 3) * columns);
      const wrong = edges.map((edge, c) => {
        let sum = 0;
        for (let at = c; at < parts.length; at += columns) sum += parts[at];
        return sum - edge;
      });
      assert(size(wrong) < 1e-6 * size(edges), `${size(wrong)} of ${size(edges)}`);
    }
  });
}

Deno.test("the direct part is what is left without attention, a head's part what it alone adds", async () => {
  const run = await runOf("GPT-NeoX, bare");
  // A neuron of layer 1 of a parallel model: the only attention before it is that of layer 0.
  const target = await neuronTarget(run.model, 1, 4, 2);
  const prepared = await graphRows(run);
  const { parts, columns } = await splitByHead(run, prepared, target);
  const with0 = async (kept: (head: number) => boolean) => {
    const { data, shape } = run.patterns[0], perHead = data.length / shape[1];
    const pattern = data.map((x, i) => kept(Math.floor(i / perHead)) ? x : 0);
    const patterns = [tensor(pattern, shape), ...run.patterns.slice(1)];
    return await edgesInto({ ...run, patterns }, target);
  };
  const nodes = prepared.sources.firstBias;
  const direct = await with0(() => false);
  for (let c = 0; c < nodes; c++) assertAlmostEquals(parts[c], direct[c], 1e-6);
  for (let h = 0; h < 3; h++) {
    const alone = await with0((head) => head === h);
    const part = parts.subarray((1 + h) * columns, (2 + h) * columns);
    assert(size(part) > 1e-3);
    for (let c = 0; c < nodes; c++) assertAlmostEquals(part[c], alone[c] - direct[c], 1e-5);
  }
});

const SCORES = [
  "GPT-NeoX, bare",
  "GPT-2, stream",
  "GPT-2, bare, linear path",
  "Gemma 2, bare, linear path",
  "OLMo 2, stream",
];

for (const name of SCORES) {
  Deno.test(`pairs of nodes add up to the attention score: ${name}`, async () => {
    const run = await runOf(name);
    const hook = hookName(2, "attn.hook_attn_scores");
    const { hooks } = await run.model.run([[...run.tokens]], { read: [hook] });
    const n = run.tokens.length, rows = await graphRows(run);
    for (const [head, query, key] of [[0, 4, 1], [2, 3, 3]]) {
      const score = await queryKeyScore(run, rows, { layer: 2, head, query, key });
      const found = hooks.get(hook)!.data[(head * n + query) * n + key];
      const cap = run.model.config.llama?.scoreCap;
      const expected = cap === undefined ? found : cap * Math.atanh(found / cap);
      const { columns, queryParts, keyParts } = score;
      let all = 0;
      const pairs: number[] = [];
      for (let a = 0; a < columns; a++) {
        for (let b = 0; b < columns; b++) pairs.push(scorePair(score, a, b));
      }
      for (const pair of pairs) all += pair;
      const scale = Math.max(1, Math.abs(expected));
      assertAlmostEquals(all, expected, 1e-5 * scale);
      for (const part of [queryParts, keyParts]) {
        assertAlmostEquals(part.reduce((a, b) => a + b, 0), expected, 1e-5 * scale);
      }
      const a = run.features.count - 1 - 20;
      const row = pairs.slice(a * columns, (a + 1) * columns).reduce((x, y) => x + y, 0);
      assertAlmostEquals(queryParts[a], row, 1e-6);
      const best = await strongestPairs(run, score, 5);
      const sizes = pairs.map(Math.abs).sort((x, y) => y - x).slice(0, 5);
      best.forEach(({ query: q, key: k, value }, i) => {
        assertAlmostEquals(Math.abs(value), sizes[i], 1e-6 * sizes[0]);
        assertAlmostEquals(value, pairs[q * columns + k], 1e-6 * sizes[0]);
      });
      assertEquals(best.length, 5);
    }
  });
}

Deno.test("a key after its query is refused", async () => {
  const run = await runOf("GPT-NeoX, bare");
  const rows = await graphRows(run);
  await assertRejects(
    () => queryKeyScore(run, rows, { layer: 0, head: 0, query: 1, key: 2 }),
    RangeError,
    "0 ≤ key ≤ query < 5",
  );
});
