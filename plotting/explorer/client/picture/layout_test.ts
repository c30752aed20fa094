import { assert, assertEquals, assertThrows } from "@std/assert";
import { edgePath, layOut } from "./layout.ts";
import { nodeNames } from "../../../../utils/names/mod.ts";

const SHAPES = [
  { nLayers: 1, nHeads: 1, parallel: true },
  { nLayers: 4, nHeads: 4, parallel: true },
  { nLayers: 12, nHeads: 12, parallel: false },
  { nLayers: 36, nHeads: 40, parallel: true },
];

Deno.test("layOut() gives every node a place inside the picture, no two overlapping", () => {
  for (const shape of SHAPES) {
    for (const width of [340, 1000]) {
      const { places, width: wide, height, font } = layOut(shape, width);
      assert(font > 0, "names need room");
      assert(wide >= width && (wide === width || wide / (shape.nHeads + 1) < 34));
      const boxes = nodeNames(shape).map((name) => places.get(name)!);
      boxes.forEach((a, i) => {
        assert(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= wide);
        assert(a.y - a.height / 2 >= 0 && a.y + a.height / 2 <= height);
        for (const b of boxes.slice(i + 1)) {
          const apart = Math.abs(a.x - b.x) >= (a.width + b.width) / 2 ||
            Math.abs(a.y - b.y) >= (a.height + b.height) / 2;
          assert(apart, `two nodes overlap in ${JSON.stringify(shape)} at width ${width}`);
        }
      });
    }
  }
});

Deno.test("edgePath() goes up from the source's top to the target's bottom, q left of k left of v", () => {
  const layout = layOut(SHAPES[1], 900);
  const ends = (letter: "q" | "k" | "v") => {
    const edge = { source: "a0.h1", target: "a3.h2", letter };
    return edgePath(layout, edge).match(/-?[\d.]+/g)!.map(Number);
  };
  const [q, k, v] = [ends("q"), ends("k"), ends("v")];
  const from = layout.places.get("a0.h1")!;
  const to = layout.places.get("a3.h2")!;
  assertEquals(k[0], Number(from.x.toFixed(1)));
  assertEquals(k[1], Number((from.y - from.height / 2).toFixed(1)));
  assertEquals(k.at(-2), Number(to.x.toFixed(1)));
  assertEquals(k.at(-1), Number((to.y + to.height / 2).toFixed(1)));
  assert(q.at(-2)! < k.at(-2)! && k.at(-2)! < v.at(-2)!);
});

Deno.test("edgePath() names an edge whose node the model does not have", () => {
  const edge = { source: "a9.h1", target: "logits", letter: null };
  assertThrows(() => edgePath(layOut(SHAPES[1], 900), edge), Error, "a9.h1->logits");
});
