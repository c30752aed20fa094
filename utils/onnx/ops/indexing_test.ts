import { assertEquals, assertThrows } from "@std/assert";
import { Graph, greater, nonZero, Session, tensor } from "../mod.ts";

Deno.test("nonZero() lists the places of a condition, row by row; none where it never holds", async () => {
  const x = new Graph().input("x", [2, 3]);
  const places = nonZero(greater(x, 0));
  assertEquals(places.dtype, "int64");
  const session = await Session.compile({ places });
  const list = async (...elements: number[]) => {
    const { places } = await session.run({ x: tensor(Float32Array.from(elements), [2, 3]) });
    return [places.shape, Array.from(places.data, Number)];
  };
  assertEquals(await list(5, 0, 2, -1, 3, 0), [[2, 3], [0, 0, 1, 0, 2, 1]]);
  assertEquals(await list(0, 0, 0, -1, 0, 0), [[2, 0], []]);
  await session.release();
  assertThrows(() => nonZero(x), Error, "NonZero: expected bool, found x: float32[2, 3]");
});
