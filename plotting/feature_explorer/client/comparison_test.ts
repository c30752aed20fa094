import { assert, assertEquals } from "@std/assert";
import { formingFeatures, writeFeatures } from "../../testing/forming_features.ts";
import { inFolder } from "../../testing/small_series.ts";
import { readFeatureRuns } from "../read.ts";
import { compareCircuits, onlyHere } from "./comparison.ts";
import { edgePath, layOut } from "./picture/layout.ts";
import { RunIndex } from "./run_index.ts";

async function indexes(): Promise<RunIndex[]> {
  let found: RunIndex[] = [];
  await inFolder(async (folder) => {
    await writeFeatures(folder, formingFeatures());
    await writeFeatures(folder, formingFeatures("ioi", "main"));
    found = (await readFeatureRuns([folder])).map((run) => new RunIndex(run));
  });
  return found;
}

Deno.test("compareCircuits() counts features of one run by chain and circuits of two runs by cell", async () => {
  const [a, b] = await indexes();
  // step 20: 0.1, 1.7, error; step 40: 0.2 (the same), 1.7, 1.9
  const same = compareCircuits({ index: a, t: 1 }, { index: a, t: 2 });
  assertEquals(same.nodes, { kept: 2, first: 1, second: 1 });
  assertEquals(same.edges, { kept: 2, first: 0, second: 1 });
  // the error is still there at step 40, but 1.9 was not yet born at step 20
  assertEquals([same.firstAbsent, same.secondAbsent], [0, 1]);
  const cells = compareCircuits({ index: a, t: 1 }, { index: b, t: 2 });
  assertEquals(cells.byFeature, false);
  assertEquals(cells.nodes, { kept: 2, first: 0, second: 0 });
  assertEquals(cells.edges, { kept: 2, first: 0, second: 0 });
  assertEquals(onlyHere({ index: a, t: 1 }, { index: b, t: 2 }), null);
  assertEquals(onlyHere({ index: a, t: 2 }, { index: a, t: 1 })!.nodes.size, 1);
});

Deno.test("RunIndex knows births, deaths and the turn of a decoder, and no birth at the first checkpoint", async () => {
  const [{ run }] = await indexes();
  run.slots.push({ ...run.slots[0], numbers: [1, 1, null], cosines: [null, 0.5, null] });
  run.checkpoints[1].circuit!.nodes.push({ slot: run.slots.length - 1, effect: [1, 1, 1] });
  const index = new RunIndex(run), slot = run.slots.length - 1;
  assertEquals([0, 1, 2].map((t) => index.life(slot, t)), ["out", "in", "dead"]);
  assertEquals([0, 1, 2].map((t) => index.isBorn(slot, t)), [false, false, false]);
  assertEquals([0, 1, 2].map((t) => index.hasDied(slot, t)), [false, false, true]);
  assertEquals(Math.round(index.turn(slot, 1)!), 60);
  assertEquals(index.turn(slot, 2), null);
  const seven = run.slots.findIndex(({ numbers }) => numbers?.[1] === 7);
  assertEquals([0, 1, 2].map((t) => index.isBorn(seven, t)), [false, true, false]);
  assertEquals(index.life(seven, 0), "unborn");
});

Deno.test("layOut() gives every slot a place of its own, in its column and row, at any width", async () => {
  const [{ run }] = await indexes();
  const one = run.slots[0];
  for (let i = 0; i < 300; i++) run.slots.push({ ...one, layer: i % 2, role: (i >> 1) % 2 });
  for (const width of [300, 800, 1900]) {
    const layout = layOut(run, width);
    const seen = new Set<string>();
    run.slots.forEach(({ layer, role }, slot) => {
      const { x, y } = layout.slots[slot];
      const { left, right } = layout.columns[role], { top, bottom } = layout.rows[layer];
      assert(left <= x && x <= right && top <= y && y <= bottom && right <= width);
      seen.add(`${x.toFixed(2)} ${y.toFixed(2)}`);
    });
    assertEquals(seen.size, run.slots.length);
    assert(layout.rows[0].top > layout.rows[1].bottom, "layer 0 is at the bottom");
    assert(!edgePath(layout, "t0", "s3").includes("NaN"));
    assert(!edgePath(layout, "s3", "out").includes("NaN"));
  }
});
