import { assertAlmostEquals, assertEquals } from "@std/assert";
import { fitView, pictureAt, zoomAt } from "./zoom.ts";

const LIMITS = [0.1, 10] as const;

Deno.test("zoomAt() keeps the point under the pointer and multiplies distances by the factor", () => {
  const view = { scale: 0.7, x: -30, y: 12 };
  const at = { x: 200, y: 90 };
  const closer = zoomAt(view, 3, at, LIMITS);
  const [before, after] = [pictureAt(view, at), pictureAt(closer, at)];
  assertAlmostEquals(after.x, before.x, 1e-9);
  assertAlmostEquals(after.y, before.y, 1e-9);
  // a point of the picture 10 units to the right was 7 pixels away and is now 21
  const place = closer.scale * (before.x + 10) + closer.x;
  assertAlmostEquals(place - at.x, 21, 1e-9);
});

Deno.test("zoomAt() stops at the limits without shifting the picture", () => {
  const view = { scale: 9, x: 5, y: 5 };
  const most = zoomAt(view, 100, { x: 50, y: 60 }, LIMITS);
  assertEquals(most.scale, 10);
  assertEquals(zoomAt(most, 2, { x: 1, y: 2 }, LIMITS), most);
  assertEquals(zoomAt(view, 1e-9, { x: 0, y: 0 }, LIMITS).scale, 0.1);
});

Deno.test("fitView() centres the whole picture and extends its longer side to the margin", () => {
  const view = fitView({ width: 400, height: 100 }, { width: 220, height: 120 }, 10);
  assertEquals(pictureAt(view, { x: 10, y: 60 }), { x: 0, y: 50 });
  assertEquals(pictureAt(view, { x: 210, y: 60 }), { x: 400, y: 50 });
});
