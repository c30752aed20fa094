import { assert, assertEquals } from "@std/assert";
import { TensorPool } from "./mod.ts";

Deno.test("TensorPool hands a buffer out again for the same length, in whatever shape", () => {
  const pool = new TensorPool();
  const first = pool.take([2, 3]);
  pool.give(first);
  const again = pool.take([3, 2]);
  assertEquals(again.shape, [3, 2]);
  assert(again.data === first.data);
});

Deno.test("TensorPool never hands out a buffer that is in use", () => {
  const pool = new TensorPool();
  const taken = [pool.take([4]), pool.take([4])];
  pool.give(taken[0]);
  const [a, b] = [pool.take([4]), pool.take([4])];
  assert(a.data === taken[0].data);
  assert(b.data !== taken[0].data && b.data !== taken[1].data);
});

Deno.test("TensorPool lets its buffers go when other lengths are asked for", () => {
  const pool = new TensorPool();
  const old = pool.take([4]);
  pool.give(old);
  pool.take([5]);
  assert(pool.take([4]).data !== old.data);
});
