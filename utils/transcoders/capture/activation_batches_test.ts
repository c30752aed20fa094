/** Batches of activations: every row once, the same for the same step, from the memory and from the disk. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../base/mod.ts";
import { activationBatches, type BlockSource, shuffled } from "./activation_batches.ts";
import { cached } from "./activation_cache.ts";
import { blockRows, bytesPerRow, type Tap } from "./taps.ts";

const transcoder: Tap = {
  layer: 0,
  inputHook: "blocks.0.mlp.hook_in",
  outputHook: "blocks.0.hook_mlp_out",
  inputConvention: "raw",
  dIn: 2,
  dOut: 3,
};
const sae: Tap = {
  ...transcoder,
  inputHook: "blocks.0.hook_resid_post",
  outputHook: "blocks.0.hook_resid_post",
  dIn: 2,
  dOut: 2,
};
const taps = [transcoder, sae];

/** Row n of the sequence has n + 0.1 in its first input and −n in its first target. */
function source(): BlockSource & { filled: number[] } {
  const filled: number[] = [];
  return {
    filled,
    fill(block, order, [a, b]) {
      filled.push(block);
      order.forEach((place, i) => {
        const n = block * order.length + i;
        a.x.set([n + 0.1, 1], 2 * place);
        a.y.set([-n, 2, 3], 3 * place);
        b.x.set([n, n], 2 * place);
      });
      return Promise.resolve();
    },
  };
}

const settings = { taps, batch: 4, blockRows: 12, seed: 5 };

/** Numbers of the rows of a step. */
async function numbers(batches: ReturnType<typeof activationBatches>, step: number) {
  const [a, b] = await batches.at(step);
  assertEquals([a.x.length, a.y.length, b.x.length], [8, 12, 8]);
  assert(b.x === b.y, "the target of a coder that gives back what it reads is its input");
  const rows = Array.from({ length: 4 }, (_, r) => -a.y[3 * r]);
  rows.forEach((n, r) => {
    assert(Math.abs(a.x[2 * r] - n - 0.1) < 0.06, "inputs and targets belong together");
    assertEquals(b.x[2 * r + 1], n, "and so do the taps");
  });
  return rows;
}

Deno.test("batches filled ahead are the same, and their arrays can be fed", async () => {
  const plain = activationBatches(source(), settings);
  const slow = source();
  const fill = slow.fill;
  let writing = 0;
  slow.fill = async (block, order, into) => {
    assertEquals(++writing, 1, "one block is filled at a time");
    for (const { x } of into) assert(x.buffer instanceof SharedArrayBuffer);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await fill(block, order, into);
    writing--;
  };
  const ahead = activationBatches(slow, { ...settings, ahead: 9 });
  // forwards, then back into a block that was dropped, then past one that was being filled
  for (const step of [0, 1, 2, 3, 4, 1, 8, 0, 8]) {
    assertEquals(await numbers(ahead, step), await numbers(plain, step), `step ${step}`);
    const [{ x }] = await ahead.at(step);
    assert(x.buffer instanceof ArrayBuffer);
  }
  assertEquals(slow.filled.slice(0, 3), [0, 1, 2], "the next block is filled while one is used");
  assert(!slow.filled.includes(3), "no block is filled after the last");
});

Deno.test("a block that fails ahead is reported when its turn comes, and tried again", async () => {
  const failing = source();
  const fill = failing.fill;
  let fail = true;
  failing.fill = (block, order, into) =>
    block === 1 && fail ? Promise.reject(new Error("no block 1")) : fill(block, order, into);
  const batches = activationBatches(failing, { ...settings, ahead: 9 });
  await batches.at(2);
  await assertRejects(() => Promise.resolve(batches.at(3)), Error, "no block 1");
  fail = false;
  assertEquals(await numbers(batches, 3), await numbers(activationBatches(source(), settings), 3));
});

Deno.test("batches have every row once, in an order that seed and step decide", async () => {
  const batches = activationBatches(source(), settings);
  const steps: number[][] = [];
  for (let step = 0; step < 9; step++) steps.push(await numbers(batches, step));
  for (let block = 0; block < 3; block++) {
    const rows = steps.slice(3 * block, 3 * block + 3).flat();
    assertEquals(
      rows.toSorted((a, b) => a - b),
      Array.from({ length: 12 }, (_, i) => 12 * block + i),
    );
    assertNotEquals(rows, rows.toSorted((a, b) => a - b));
  }
  // a run that resumes in the middle, and one that asks in another order
  const resumed = activationBatches(source(), settings);
  assertEquals(await numbers(resumed, 7), steps[7]);
  assertEquals(await numbers(resumed, 2), steps[2]);
  const other = activationBatches(source(), { ...settings, seed: 6 });
  assertNotEquals(await numbers(other, 0), steps[0]);
  assertThrows(() => activationBatches(source(), { ...settings, blockRows: 10 }), RangeError);
});

Deno.test("a block that fails halfway is filled again", async () => {
  const good = source();
  let fails = true;
  const batches = activationBatches({
    fill(...block) {
      if (fails) return Promise.reject(new Error("interrupted"));
      return good.fill(...block);
    },
  }, settings);
  await assertRejects(async () => await batches.at(1), Error, "interrupted");
  fails = false;
  await numbers(batches, 1);
  assertEquals(good.filled, [0]);
});

Deno.test("shuffled() gives a permutation", () => {
  for (const n of [1, 2, 100]) {
    assertEquals(
      [...shuffled(n, 3, 4)].sort((a, b) => a - b),
      Array.from({ length: n }, (_, i) => i),
    );
  }
  assertNotEquals(shuffled(100, 3, 4), shuffled(100, 3, 5));
});

Deno.test("cached blocks are float16, read without the model, and replaced when they are others'", async () => {
  const dir = await Deno.makeTempDir();
  const open = (identity: unknown) => {
    const made = source();
    const kept = cached(made, { dir, taps, identity, rows: 12, budget: 1000 });
    return { made, batches: activationBatches(kept, settings) };
  };
  try {
    const first = open("a");
    const rows = await numbers(first.batches, 1);
    const inputs = (await first.batches.at(1))[0].x.slice();
    assertEquals(inputs, Float32Array.from(new Float16Array(inputs)), "rounded when captured too");
    const again = open("a");
    assertEquals(await numbers(again.batches, 1), rows);
    assertEquals((await again.batches.at(1))[0].x, inputs);
    assertEquals([first.made.filled, again.made.filled], [[0], []]);
    const other = open("b");
    await numbers(other.batches, 1);
    assertEquals(other.made.filled, [0]);
    await Deno.truncate(join(dir, "block_0.safetensors"), 100);
    const damaged = open("b");
    assertEquals(await numbers(damaged.batches, 1), rows);
    assertEquals(damaged.made.filled, [0]);
    assertThrows(
      () => cached(source(), { dir, taps, identity: "a", rows: 72, budget: 1000 }),
      UserError,
      "cache_budget",
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("values beyond float16 are refused", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const large: BlockSource = {
      fill(_block, _order, [a]) {
        a.y[1] = 1e6;
        return Promise.resolve();
      },
    };
    const kept = cached(large, { dir, taps, identity: "a", rows: 12, budget: 1000 });
    const batches = activationBatches(kept, settings);
    await assertRejects(async () => await batches.at(0), UserError, "65504");
    assertEquals([...Deno.readDirSync(dir)], []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the buffer fits the budget and fills evenly", () => {
  assertEquals(bytesPerRow(taps), 4 * (2 + 3 + 2));
  const each = 2 * 28 * 10;
  const rows = (steps: number, budget: number, wanted?: number) =>
    blockRows(taps, { batch: 10, steps, budget, wanted }) / 10;
  assertEquals(rows(100, 30.5 * each), 25); // 4 buffers of 25 batches, not 30, 30, 30, 10
  assertEquals(rows(7, 30 * each), 7);
  assertEquals(rows(100, 30 * each, 95), 10);
  assertThrows(() => rows(100, 0.9 * each), UserError, "memory_budget");
  assertThrows(() => rows(100, 8 * each, 90), UserError, "90 rows");
});
