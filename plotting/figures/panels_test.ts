import { assert } from "@std/assert";
import { panelGrid } from "./panels.ts";

Deno.test("panelGrid() makes panels that do not overlap", () => {
  for (const [count, columns] of [[1, 1], [4, 2], [12, 4], [3, 1]]) {
    const layout = panelGrid(Array.from({ length: count }, () => ({ title: "" })), columns);
    const domain = (axis: string, i: number) =>
      (layout[`${axis}axis${i === 0 ? "" : i + 1}`] as { domain: [number, number] }).domain;
    for (let i = 0; i < count; i++) {
      for (const [low, high] of [domain("x", i), domain("y", i)]) {
        assert(low >= -1e-9 && low < high && high <= 1 + 1e-9);
      }
      for (let j = 0; j < i; j++) {
        const apart = ["x", "y"].some((axis) => {
          const [a, b] = [domain(axis, i), domain(axis, j)];
          return a[1] < b[0] + 1e-9 || b[1] < a[0] + 1e-9;
        });
        assert(apart, `panels ${i} and ${j} of ${count} overlap`);
      }
    }
  }
});
