import { assertEquals } from "@std/assert";
import { ERROR, NodeSpace } from "./node_space.ts";
import { roleNames, rolesOf } from "./roles.ts";

Deno.test("rolesOf() names marks, what follows each of them, and the start", () => {
  const marks = { IO: 1, S1: 3, S2: 4, END: 7 };
  assertEquals(rolesOf({ marks, position: 7 }), [
    ..."start,IO,IO+,S1,S2,S2+,S2+,END".split(","),
  ]);
  assertEquals(rolesOf({ position: 2 }), ["start", "start", "END"]);
});

Deno.test("roleNames() orders roles by where they are on average", () => {
  const abba = { marks: { IO: 1, S1: 2, END: 4 }, position: 4 };
  const baba = { marks: { S1: 1, IO: 3, END: 5 }, position: 5 };
  // IO and S1 are both at 5/3, so their names decide; then 8/3, 4, 13/3
  assertEquals(roleNames([abba, baba, abba]), ["start", "IO", "S1", "S1+", "IO+", "END"]);
});

Deno.test("NodeSpace numbers every node once", () => {
  const space = new NodeSpace([3, 5], ["A", "B"]);
  assertEquals(space.size, 2 * 4 + 2 * 6);
  const seen = new Set<number>();
  [3, 5].forEach((F, layer) => {
    for (const role of [0, 1]) {
      for (const feature of [...Array(F).keys(), ERROR]) {
        const index = space.index(layer, role, feature);
        assertEquals(space.at(index), { layer, role, feature });
        seen.add(index);
      }
    }
  });
  assertEquals(seen.size, space.size);
});
