import { assert, assertEquals, assertRejects } from "@std/assert";
import { randomModel, smallConfig } from "../../../tests/support/random_model.ts";
import { loopOverLayers } from "./layer_loop.ts";
import { unitBytes, WeightStore } from "./weight_store.ts";

const CONFIG = smallConfig("gpt_neox", { nLayers: 5 });
const LAYER = unitBytes(CONFIG, "0");

/** Makes a store whose budget holds two streaming slots and `pinned` layers, and a list of the units that it reads. */
function streaming(pinned = 0) {
  const { source } = randomModel(CONFIG, 2);
  const read: string[] = [];
  const load = (unit: string) => {
    read.push(unit);
    return source.load(unit);
  };
  const slots = LAYER + Math.max(LAYER, unitBytes(CONFIG, "embed"), unitBytes(CONFIG, "unembed"));
  const budget = slots + unitBytes(CONFIG, "embed") + pinned * LAYER;
  return { store: new WeightStore({ ...source, load }, budget), read };
}

Deno.test("tasks that run together meet at every layer and read it once, forward and backward", async () => {
  const { store, read } = streaming();
  const seen: string[] = [];
  const task = (name: string, sweeps: boolean[]) => async () => {
    for (const reverse of sweeps) {
      for await (const { layers: [l] } of loopOverLayers(store, { reverse })) {
        seen.push(`${name}${l}`);
      }
    }
    return name;
  };
  // The first task has one more forward loop than the others before its backward loop.
  const tasks = [task("a", [false, false, true]), task("b", [false, true]), task("c", [false])];
  assertEquals(await store.sweeps.together(tasks), ["a", "b", "c"]);
  assertEquals(seen.slice(0, 15).join(" "), "a0 b0 c0 a1 b1 c1 a2 b2 c2 a3 b3 c3 a4 b4 c4");
  // a goes through its second forward loop alone, before or after the backward loop of b
  assertEquals(seen.length, 5 * 6);
  assert(read.length <= 5 * 4, `${read}`);
  const alone = streaming();
  for (const sweeps of [[false, false, true], [false, true], [false]]) {
    for (const reverse of sweeps) {
      for await (const _ of loopOverLayers(alone.store, { reverse })) { /* reads */ }
    }
  }
  assert(alone.read.length > 1.3 * read.length, `${alone.read.length} alone, ${read.length}`);
});

Deno.test("tasks may run tasks of their own together", async () => {
  const { store, read } = streaming();
  const loop = async () => {
    const layers: number[] = [];
    for await (const { layers: [l] } of loopOverLayers(store, {})) layers.push(l);
    return layers;
  };
  const inner = () => store.sweeps.together([loop, loop, loop]);
  const found = await store.sweeps.together<number[] | number[][]>([inner, loop, inner]);
  assertEquals(found.flat(2).length, 7 * 5);
  assertEquals(read, ["0", "1", "2", "3", "4"]);
});

Deno.test("together() throws a task's error after all tasks have stopped, and runs tasks again later", async () => {
  const { store } = streaming();
  let reached = -1;
  const loop = async () => {
    for await (const { layers: [l] } of loopOverLayers(store, {})) reached = l;
  };
  const failing = async () => {
    for await (const { layers: [l] } of loopOverLayers(store, {})) {
      if (l === 2) throw new Error("overflow");
    }
  };
  await assertRejects(() => store.sweeps.together([loop, failing, loop]), Error, "overflow");
  assertEquals(reached, 2);
  await store.sweeps.together([loop, loop]);
  assertEquals(reached, 4);
});

Deno.test("borrow() takes the memory of pinned units, the last ones first, and giveBack() pins them again", async () => {
  const { store, read } = streaming(3);
  const pinned = () => [...store.pinned].filter((unit) => /\d/.test(unit)).join("");
  assertEquals(pinned(), "012");
  await Promise.all([...store.pinned].map((unit) => store.get(unit)));
  assertEquals(store.borrow(1.5 * LAYER), 1.5 * LAYER);
  assertEquals(pinned(), "0");
  read.length = 0;
  for (const unit of ["0", "1", "2"]) await store.get(unit);
  assertEquals(read, ["1", "2"]);
  // no more than pinned units have
  assert(store.borrow(1e9) < 3 * LAYER);
  store.giveBack(1.5 * LAYER);
  assertEquals(pinned(), "0");
  const all = new WeightStore(randomModel(CONFIG, 2).source);
  assertEquals([all.borrow(100), all.allPinned], [0, true]);
});
