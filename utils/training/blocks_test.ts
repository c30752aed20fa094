import { assertEquals } from "@std/assert";
import { blocksOf } from "./blocks.ts";
import { layoutOf } from "./parameters.ts";

const M = 2 ** 20;

Deno.test("blocksOf() joins neighbours up to a size and leaves large and separate tensors alone", () => {
  const layout = layoutOf([
    { name: "a", shape: [2, 3] },
    { name: "b", shape: [5] },
    { name: "large", shape: [M + 1] },
    { name: "c", shape: [] },
    { name: "own", shape: [3] },
    { name: "d", shape: [4] },
    { name: "e", shape: [M - 3] },
    { name: "f", shape: [2] },
  ]);
  const blocks = blocksOf(layout, ["own"]);
  assertEquals(blocks.map(({ name, shape, offset }) => ({ name, shape, offset })), [
    { name: "a … b", shape: [11], offset: 0 },
    { name: "large", shape: [M + 1], offset: 11 },
    { name: "c", shape: [], offset: M + 12 },
    { name: "own", shape: [3], offset: M + 13 },
    { name: "d", shape: [4], offset: M + 16 },
    { name: "e … f", shape: [M - 1], offset: M + 20 },
  ]);
  assertEquals(blocks.flatMap(({ tensors }) => tensors), layout.tensors);
  assertEquals(blocks.reduce((sum, { size }) => sum + size, 0), layout.size);
});
