import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { edgeCell, edgesInOrder, nBackward, nForward } from "../../circuits/graph/graph.ts";
import type { IoiFlipName } from "../../tasks/ioi_flips.ts";
import type { PromptPair } from "../../tasks/prompt_pair.ts";
import { CircuitHeads } from "./circuit_heads.ts";
import { aboveMean, directClasses, ioiConsistency, percentExplained } from "./consistency.ts";
import { isNameMover } from "../../results/mod.ts";
import { doesIoi, patchingEffects } from "./ioi_roles.ts";
import { type Head, headsWhere } from "../head.ts";
import { FLIPS } from "./s2_inhibition.ts";
import { logitDifference, referenceModel } from "../../../tests/support/head_cases.ts";

const shape = { nLayers: 2, nHeads: 2 };
const f32 = (...values: number[]) => Float32Array.from(values);

Deno.test("patchingEffects() is 0 without harm, −1 for the whole drop, and 0 if there is no drop", () => {
  const patched = f32(3, 5, /**/ -2, 0, /**/ 1, 2);
  assertEquals([...patchingEffects(patched, f32(3, 5), f32(-2, 0))], [0, -1, -0.5]);
  assertEquals([...patchingEffects(patched, f32(3, 5), f32(5, 3))], [0, 0, 0]);
});

Deno.test("percentExplained() weights the circuit's heads by absolute effect", () => {
  const effects = f32(-0.5, 0.25, 0.25, -8);
  const circuit: Head[] = [[0, 0], [0, 1], [1, 0]];
  assertEquals(percentExplained([[0, 0], [1, 1], [0, 0]], effects, circuit, shape), 50);
  assertEquals(percentExplained([[0, 0], [0, 1], [1, 0]], effects, circuit, shape), 100);
  assertEquals(percentExplained([[1, 1]], effects, circuit, shape), 0);
  assertEquals(percentExplained([[0, 0]], effects, [], shape), 0);
  assertEquals(percentExplained([[0, 0]], null, circuit, shape), 0);
});

Deno.test("directClasses() checks the sign of the effect, except for negative name movers", () => {
  const copy = { positive: f32(50, 50, 10, 0), negative: f32(0, 0, 90, 90) };
  const classes = directClasses(shape, f32(-0.2, 0.2, -0.1, 0), copy, f32(0.5, 0.5, 0.09, 0.2));
  assertEquals(classes, {
    nameMovers: [[0, 0]],
    negativeNameMovers: [[1, 0]],
    copySuppression: [[0, 0]],
    negativeCopySuppression: [[0, 1]],
  });
});

Deno.test("aboveMean() and isNameMover() require all their conditions", () => {
  const scores = f32(0.9, 0.8, 0.1, 0.2);
  assertEquals(aboveMean(shape, f32(-0.1, 0.1, -0.1, -0.1), scores, 0.001), [[0, 0]]);
  const attention = {
    io: f32(0.5, 0.5, 0.5, 0.1),
    s1: f32(0.1, 0.6, 0, 0),
    s2: f32(0.1, 0, 0.6, 0),
  };
  const movers = isNameMover(f32(20, 20, 20, 10), attention, 10);
  assertEquals(movers, [true, false, false, false]);
  assertEquals(headsWhere(shape, (i) => !movers[i]), [[0, 1], [1, 0], [1, 1]]);
});

Deno.test("CircuitHeads reads from the mask which heads write where", () => {
  const graph = { nLayers: 2, nHeads: 2, parallel: false };
  const mask = new Uint8Array(nForward(graph) * nBackward(graph));
  for (
    const name of [
      "a0.h0->m0",
      "a0.h1->a1.h1<q>",
      "a1.h0->m1",
      "a1.h1->logits",
      "m1->logits",
      "a0.h1->a1.h0<k>",
    ]
  ) mask[edgeCell(graph, name)] = 1;
  const circuit = new CircuitHeads({ shape: graph, mask });
  assertEquals(circuit.sources(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
  assertEquals(circuit.intoLogits(), [[1, 1]]);
  assertEquals(circuit.intoQueries([[1, 1]]), [[0, 1]]);
  assertEquals(circuit.intoQueries([[1, 0]]), []);
  assertEquals(circuit.mlpsIntoLogits(), [1]);
  assertEquals(circuit.intoMlps([1]), [[1, 0]]);
});

/** Makes prompts whose flips change only S2, each to another token. */
function prompts(): Record<IoiFlipName, PromptPair[]> {
  const cleans = [[54, 9, 69, 48, 13, 48, 25, 84], [80, 72, 55, 20, 68, 20, 94]];
  return Object.fromEntries(FLIPS.map((flip, f) => [
    flip,
    cleans.map((clean): PromptPair => ({
      clean,
      corrupted: clean.with(5, (clean[5] + 7 * f) % 96),
      cleanText: "",
      corruptedText: "",
      position: clean.length - 1,
      correct: [clean[1]],
      wrong: [clean[3]],
      marks: { IO: 1, S1: 3, S2: 5 },
    })),
  ])) as Record<IoiFlipName, PromptPair[]>;
}

Deno.test("ioiConsistency() measures all levels, and stops at a level without receivers", async () => {
  const model = await referenceModel("neox");
  const graph = { nLayers: 3, nHeads: 4, parallel: true };
  const mask = new Uint8Array(nForward(graph) * nBackward(graph));
  for (const cell of edgesInOrder(graph)) mask[cell] = 1;
  const circuit = new CircuitHeads({ shape: graph, mask });
  const flat = (value: number) => new Float32Array(12).fill(value);
  const scores = (copy: number) => ({
    copy: { positive: flat(copy), negative: flat(0) },
    cspa: () => Promise.resolve(flat(0)),
    prevToken: flat(0),
    induction: Float32Array.from({ length: 12 }, (_, i) => i < 6 ? 1 : 0),
    duplicateToken: Float32Array.from({ length: 12 }, (_, i) => i < 6 ? 0 : 1),
  });
  const readout = logitDifference(2);

  const none = await ioiConsistency(model, prompts(), readout, circuit, scores(0));
  assertEquals([none.direct_effects, none.s2i_effects, none.tertiary_effects], [0, 0, 0]);
  assertEquals([none.effects.s2i, none.effects.tertiary], [null, null]);

  const all = await ioiConsistency(model, prompts(), readout, circuit, scores(100));
  const { direct, s2i, tertiary } = all.effects;
  const harmful = headsWhere(model.config, (i) => direct[i] < 0);
  assertEquals(all.classes.nameMovers, harmful);
  const share = (e: Float32Array, use: (i: number) => boolean) =>
    100 * e.reduce((sum, x, i) => sum + (use(i) ? Math.abs(x) : 0), 0) /
    e.reduce((sum, x) => sum + Math.abs(x), 0);
  assertAlmostEquals(all.direct_effects, share(direct, (i) => direct[i] < 0), 1e-3);
  const inhibiting = all.classes.s2Inhibition.map(([l, h]) => 4 * l + h);
  assertAlmostEquals(all.s2i_effects, share(s2i!, (i) => inhibiting.includes(i)), 1e-3);
  // Every head is above the mean of one of the two scores, so only the sign of its effect counts.
  assertEquals(all.classes.s2Inhibition, [[1, 1]]);
  assertAlmostEquals(all.tertiary_effects, share(tertiary!, (i) => tertiary![i] < -0.001), 1e-3);
  assert(all.tertiary_effects > 1 && all.tertiary_effects < 99);
  model.close();
});

Deno.test("doesIoi() asks for a logit difference half a logit above that of corrupted prompts", () => {
  const clean = Float32Array.from({ length: 20 }, (_, i) => 2 + i % 3);
  assertEquals(doesIoi(clean, clean.map((value) => value - 3)), true);
  assertEquals(doesIoi(clean, clean.map((value) => value - 0.4)), false);
  assertEquals(doesIoi(clean.map((value) => value - 5), clean.map((value) => value - 9)), false);
});
