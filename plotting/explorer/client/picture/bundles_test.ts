import { assert, assertEquals } from "@std/assert";
import { bundlesOf, pulled } from "./bundles.ts";

Deno.test("bundlesOf() gives edges between two layers their mean middle, and leaves others apart", () => {
  const places = new Map(
    Object.entries({ "a0.h0": 0, "a0.h1": 10, "a1.h0": 0, "a1.h1": 30, m0: 5, m1: 5, input: 0 })
      .map(([name, x]) => [name, { x }]),
  );
  const edge = (source: string, target: string) => ({ source, target, letter: null, score: 1 });
  const [a, b] = [edge("a0.h0", "a1.h0"), edge("a0.h1", "a1.h1")];
  const apart = [edge("input", "a1.h1"), edge("m0", "m1")];
  const middle = bundlesOf([a, b, ...apart], { places });
  assertEquals([a, b].map(middle), [10, 10]);
  assertEquals(apart.map(middle), [undefined, undefined]);
  assertEquals(bundlesOf([a], { places })(a), undefined);
});

Deno.test("pulled() keeps control points between the ends of an edge", () => {
  assertEquals(pulled([3, 8], undefined), [3, 8]);
  for (const middle of [-50, 0, 5, 99]) {
    const [c1, c2] = pulled([2, 8], middle);
    assert(c1 >= 2 && c1 <= 8 && c2 >= 2 && c2 <= 8);
  }
});
