import { assert, assertEquals, assertThrows } from "@std/assert";
import { openSafetensors } from "../../tensor_files/safetensors.ts";
import {
  cellName,
  type CircuitShape,
  edgeCell,
  edgeCount,
  edgesInOrder,
  nBackward,
  nForward,
} from "../graph/graph.ts";
import { countEdges, nodeMask } from "../graph/circuit_mask.ts";
import { pruneCircuit } from "../graph/pruning.ts";
import {
  greedyOrder,
  greedySelection,
  maskOf,
  thresholdSelection,
  topnOrder,
  topnSelection,
} from "./selection.ts";

const MICRO: CircuitShape = { nLayers: 1, nHeads: 1, parallel: true };
const MICRO_SCORES = matrix(MICRO, {
  "input->a0.h0<q>": 0.1,
  "input->a0.h0<k>": 0.2,
  "input->a0.h0<v>": -2,
  "input->m0": 3,
  "input->logits": 1,
  "a0.h0->logits": 5,
  "m0->logits": -4,
});

function matrix(shape: CircuitShape, scores: Record<string, number>): Float32Array {
  const values = new Float32Array(nForward(shape) * nBackward(shape));
  for (const [name, score] of Object.entries(scores)) {
    values[edgeCell(shape, name)] = score;
  }
  return values;
}

function names(shape: CircuitShape, mask: Uint8Array): string[] {
  return [...edgesInOrder(shape)].filter((cell) => mask[cell])
    .map((cell) => cellName(shape, cell)).sort();
}

/** EAP-IG's procedure as published: one sorted list of candidates, new ones merged in after equal old ones. */
function greedyByNames(shape: CircuitShape, score: (name: string) => number, n: number): string[] {
  const all = [...edgesInOrder(shape)].map((cell) => cellName(shape, cell));
  const into = (node: string) => all.filter((e) => e.split("->")[1].replace(/<.>/, "") === node);
  const reached = new Set(["logits"]);
  let candidates = into("logits");
  const taken: string[] = [];
  while (taken.length < n && candidates.length > 0) {
    const [best, ...rest] = candidates.toSorted((a, b) => score(b) - score(a));
    taken.push(best);
    candidates = candidates.toSorted((a, b) => score(b) - score(a)).filter((e) => rest.includes(e));
    const [source] = best.split("->");
    if (!reached.has(source)) {
      reached.add(source);
      candidates = [...candidates, ...into(source)];
    }
  }
  return taken;
}

Deno.test("greedySelection() picks the edges worked out by hand on the micro graph", () => {
  assertEquals(edgeCount(MICRO), 7);
  const three = greedySelection(MICRO, MICRO_SCORES, 3);
  assertEquals(names(MICRO, three), ["a0.h0->logits", "input->m0", "m0->logits"]);
  assertEquals(names(MICRO, pruneCircuit(MICRO, three)), ["input->m0", "m0->logits"]);

  const four = greedySelection(MICRO, MICRO_SCORES, 4);
  assertEquals(names(MICRO, four), [
    "a0.h0->logits",
    "input->a0.h0<v>",
    "input->m0",
    "m0->logits",
  ]);
  assertEquals(pruneCircuit(MICRO, four), four);

  const signed = greedySelection(MICRO, MICRO_SCORES, 3, { absolute: false });
  assertEquals(names(MICRO, signed), ["a0.h0->logits", "input->a0.h0<k>", "input->logits"]);
  assertEquals(pruneCircuit(MICRO, signed), signed);
});

Deno.test("greedySelection() and topnSelection() clamp sizes to what can be chosen", () => {
  assertEquals(countEdges(greedySelection(MICRO, MICRO_SCORES, 1600)), 7);
  assertEquals(countEdges(topnSelection(MICRO, MICRO_SCORES, 1600)), 7);
  assertEquals(countEdges(greedySelection(MICRO, MICRO_SCORES, 0)), 0);
});

Deno.test("thresholdSelection() keeps the edges that reach the threshold", () => {
  assertEquals(names(MICRO, thresholdSelection(MICRO, MICRO_SCORES, 2)), [
    "a0.h0->logits",
    "input->a0.h0<v>",
    "input->m0",
    "m0->logits",
  ]);
  assertEquals(names(MICRO, thresholdSelection(MICRO, MICRO_SCORES, 1, { absolute: false })), [
    "a0.h0->logits",
    "input->logits",
    "input->m0",
  ]);
  // the scores of cells that are not edges are 0 and would pass a threshold of 0
  assertEquals(countEdges(thresholdSelection(MICRO, MICRO_SCORES, 0)), 7);
});

Deno.test("greedyOrder() follows a merge of sorted lists, even where scores are equal", () => {
  let state = 1;
  const random = () => (state = state * 48271 % 2147483647) / 2147483647;
  for (const parallel of [true, false]) {
    const shape = { nLayers: 2, nHeads: 2, parallel };
    for (let levels = 2; levels < 40; levels *= 2) {
      const scores = new Float32Array(nForward(shape) * nBackward(shape))
        .map(() => Math.floor(random() * levels) - levels / 2);
      for (const absolute of [true, false]) {
        const score = (name: string) => {
          const s = scores[edgeCell(shape, name)];
          return absolute ? Math.abs(s) : s;
        };
        const order = [...greedyOrder(shape, scores, { absolute })]
          .map((cell) => cellName(shape, cell));
        assertEquals(order, greedyByNames(shape, score, Infinity));
      }
    }
  }
});

Deno.test("topnOrder() is a stable sort of the real edges", () => {
  const shape = { nLayers: 2, nHeads: 3, parallel: false };
  const scores = new Float32Array(nForward(shape) * nBackward(shape))
    .map((_, i) => (i * 7919 % 13) - 6);
  const expected = [...edgesInOrder(shape)].sort((a, b) => a - b)
    .toSorted((a, b) => Math.abs(scores[b]) - Math.abs(scores[a]));
  assertEquals([...topnOrder(shape, scores)], expected);
});

Deno.test("selections reject scores that are not finite, naming the edge, and a wrong size", () => {
  const broken = MICRO_SCORES.slice();
  broken[edgeCell(MICRO, "m0->logits")] = NaN;
  for (const select of [greedySelection, topnSelection, thresholdSelection]) {
    assertThrows(() => select(MICRO, broken, 3), Error, "m0->logits");
    assertThrows(() => select(MICRO, broken.subarray(1), 3), Error, "[3, 5]");
  }
});

for (
  const [folder, shape] of [
    ["neox", { nLayers: 3, nHeads: 4, parallel: true }],
    ["gpt2", { nLayers: 3, nHeads: 4, parallel: false }],
  ] as const
) {
  Deno.test(`selection and pruning give EAP-IG's circuits of the ${folder} case`, async () => {
    const dir = new URL(`../../../tests/reference/${folder}/`, import.meta.url);
    const { circuits } = JSON.parse(await Deno.readTextFile(new URL("prompts.json", dir)));
    const expected = await openSafetensors(new URL("expected.safetensors", dir).pathname);
    const scores = await expected.read("scores.logit_diff.eap_ig_inputs_30");
    const orders = { greedy: greedyOrder(shape, scores), topn: topnOrder(shape, scores) };
    assert(Object.keys(circuits).length >= 14);
    for (
      const [name, { asked, edges, nodes }] of Object.entries<Record<string, number>>(circuits)
    ) {
      const order = orders[name.split("_")[0] as keyof typeof orders];
      const mask = pruneCircuit(shape, maskOf(shape, order, asked));
      const reference = Uint8Array.from(await expected.read(`circuit.${name}.in_graph`));
      assertEquals(mask, reference, `${folder} ${name}`);
      assertEquals(countEdges(mask), edges);
      assertEquals(countEdges(nodeMask(shape, mask).subarray(0, nForward(shape))), nodes);
    }
    expected.close();
  });
}
