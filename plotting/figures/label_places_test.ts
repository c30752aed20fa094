import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { tokensPerStep } from "./models.ts";
import { placeLabels } from "./point_labels.ts";
import { HeadPalette, logRange, spreadLabels, timeAxis } from "./time_lines.ts";

Deno.test("spreadLabels() keeps places that are far enough apart, and spreads the others evenly", () => {
  const apart = [0.9, 0.1, 0.5];
  spreadLabels(apart, 0.1, 0, 1).forEach((y, i) => assertAlmostEquals(y, apart[i]));
  const [a, b] = spreadLabels([0.5, 0.5], 0.1, 0, 1);
  assertAlmostEquals(Math.min(a, b), 0.45);
  assertAlmostEquals(Math.max(a, b), 0.55);
  assertEquals(spreadLabels([], 0.1, 0, 1), []);
});

Deno.test("spreadLabels() gives the nearest admissible places, in order, within the panel", () => {
  const wanted = [0.31, 0.3, 0.7, 0.02, 0.33];
  const gap = 0.1;
  const placed = spreadLabels(wanted, gap, 0, 1);
  const sorted = wanted.map((w, i) => [w, placed[i]]).sort((x, y) => x[0] - y[0]);
  const cost = (places: number[]) =>
    places.reduce((sum, place, i) => sum + (place - sorted[i][0]) ** 2, 0);
  const found = sorted.map(([, place]) => place);
  found.forEach((place, i) => assert(i === 0 || place - found[i - 1] > gap - 1e-12));
  // no shift of adjacent labels, alone or together, brings them nearer
  for (let from = 0; from < found.length; from++) {
    for (let to = from; to < found.length; to++) {
      for (const move of [-0.003, 0.003]) {
        const moved = found.map((place, i) => i >= from && i <= to ? place + move : place);
        const admissible = moved.every((p, i) =>
          p >= 0 && p <= 1 && (i === 0 || p - moved[i - 1] >= gap - 1e-12)
        );
        assert(!admissible || cost(moved) >= cost(found));
      }
    }
  }
  const crowded = spreadLabels(new Array(30).fill(0.2), 0.1, 0, 1).sort((x, y) => x - y);
  assertAlmostEquals(crowded[0], 0);
  assertAlmostEquals(crowded[29], 1);
});

Deno.test("HeadPalette keeps a head's colour from panel to panel and never repeats one in a panel", () => {
  const palette = new HeadPalette();
  const first = palette.panel(["a0.h0", "a0.h1", "a0.h2"]);
  const second = palette.panel(["a5.h5", "a0.h1"]);
  assertEquals(second[1], first[1]);
  assertEquals(new Set([...first, second[0]]).size, 4);
  const many = palette.panel(Array.from({ length: 10 }, (_, i) => `a9.h${i}`));
  assertEquals(new Set(many).size, 10);
});

Deno.test("placeLabels() takes the first free side, or none if no side is free", () => {
  const frame = { width: 200, height: 100 };
  const at = (points: [number, number][], wanted = points.map((_, i) => i)) =>
    placeLabels(points.map(([x, y]) => ({ x, y, text: "a1.h1" })), wanted, 4, frame);
  assertEquals(at([[50, 50]]), ["middle right"]);
  assertEquals(at([[190, 50]]), ["middle left"]);
  assertEquals(at([[100, 50], [115, 50]]), ["middle left", "middle right"]);
  assertEquals(at([[100, 50], [115, 50], [85, 50]], [0]), ["top center", undefined, undefined]);
  assertEquals(at([[100, 50], [115, 50], [85, 50], [100, 60]], [0])[0], "bottom center");
  const walled: [number, number][] = [[100, 50], [115, 50], [85, 50], [100, 60], [100, 40]];
  assertEquals(at(walled, [0])[0], undefined);
});

Deno.test("timeAxis() counts tokens by the model's own batch; logRange() leaves room on the right", () => {
  assertEquals(timeAxis(false).of("pythia-nano", 8), 8 * tokensPerStep("pythia-nano"));
  assertEquals(timeAxis(false).of("pythia-70m", 1), 2_097_152);
  assertEquals(timeAxis(true).of("pythia-70m", 1000), 1000);
  const [low, high] = logRange([10, 1000], 0.5);
  assertAlmostEquals(low, 0.96);
  assertAlmostEquals(high, 4);
  assert(logRange([10])[1] > 1);
});
