/** Figures: what is drawn where, and that the result is a valid picture. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Resvg } from "@resvg/resvg-js";
import { DISPLAY, KeyNumbers, table } from "./display.ts";
import { chart, heatMaps, histogram, timeline } from "./figures.ts";
import { diverging, label, linearScale, stepScale, trainingTime } from "./svg.ts";

const rectangles = (svg: string) =>
  [...svg.matchAll(/<rect [^>]*fill="([^"]+)"/g)].map((m) => m[1]);

Deno.test("heatMaps() draws one cell per head: blue below zero, red above, white at zero", () => {
  const { svg } = heatMaps([{ title: "a < b", values: [0, -1, 1, 0.5, 0, 0] }], {
    nLayers: 3,
    nHeads: 2,
  });
  const [background, ...cells] = rectangles(svg);
  assertEquals(background, "#ffffff");
  assertEquals(cells, [0, -1, 1, 0.5, 0, 0].map(diverging));
  assertEquals(diverging(0), "rgb(247,247,247)");
  assert(svg.includes("a &lt; b") && svg.includes("a1.h0: 1.000"));
  assertEquals(new Resvg(svg).render().height, 30 + 3 * 24 + 34);
});

Deno.test("heatMaps() fits a model of 32 heads and puts matrices below each other when they are wide", () => {
  const maps = Array.from({ length: 4 }, () => ({ title: "x", values: new Float32Array(64) }));
  const { svg } = heatMaps(maps, { nLayers: 2, nHeads: 32 });
  assertEquals(rectangles(svg).length, 1 + 4 * 64);
  const { width, height } = new Resvg(svg).render();
  assert(width <= 1000 && height > 2 * 60, `${width} × ${height}`);
});

Deno.test("chart() draws points, lines and columns inside its panels, with one legend entry per name", () => {
  const marks = (["points", "line", "columns"] as const).map((kind) => ({
    kind,
    name: kind === "line" ? "the line" : "others",
    colour: "#123456",
    x: [0, 1, 2],
    y: [-1, 0, 3],
  }));
  const panel = { title: "t", xTitle: "x", yTitle: "y", marks };
  const { svg } = chart([panel, panel], 2);
  assertEquals(svg.match(/<polyline/g)!.length, 2);
  assertEquals(svg.match(/>the line</g)!.length, 1);
  const image = new Resvg(svg).render();
  const centres = [...svg.matchAll(/cx="([-\d.]+)" cy="([-\d.]+)"/g)].map((m) => [+m[1], +m[2]]);
  assert(centres.every(([x, y]) => x >= 0 && x <= image.width && y >= 0 && y <= image.height));
});

Deno.test("histogram() counts every value once, those outside in the outermost columns", () => {
  const mark = histogram([-9, -1, -0.5, 0.2, 1, 7], [-1, 1], 4, { name: "", colour: "" });
  assertEquals(mark.x, [-0.75, -0.25, 0.25, 0.75]);
  assertEquals(mark.y, [2, 1, 1, 2]);
});

Deno.test("timeline() colours the steps at which a row is on", () => {
  const { svg } = timeline("t", [0, 8], [{ name: "a", colour: "#abcdef", on: [false, true] }]);
  assertEquals(rectangles(svg).slice(1), ["#f1f3f5", "#abcdef"]);
});

Deno.test("linearScale() has round ticks within its domain, and goes through both ends", () => {
  const scale = linearScale([-1, 0.5], [100, 400]);
  assertEquals(scale.ticks, [-1, -0.5, 0, 0.5]);
  assertEquals([scale.at(-1), scale.at(0.5)], [100, 400]);
});

Deno.test("stepScale() leaves room for early steps and marks steps that do not collide", () => {
  assertEquals([trainingTime(0, 2048), trainingTime(2048, 2048)], [0, 1]);
  assert(trainingTime(205, 2048) > 0.4);
  for (const last of [2048, 143_000]) {
    const { ticks, at } = stepScale(last, [0, 400]);
    ticks.slice(1).forEach((tick, i) => assert(at(tick) - at(ticks[i]) > 30, `${last}: ${ticks}`));
    assertAlmostEquals(at(last), 400, 1e-9);
  }
});

Deno.test("table() aligns columns of numbers and writes minus signs", () => {
  assertEquals(
    table(["head", "effect"], [["a0.h1", -0.254], ["a0.h2", -0.001], ["a1.h0", 3]]),
    "| head | effect |\n| --- | ---: |\n| a0.h1 | −0.25 |\n| a0.h2 | 0.00 |\n| a1.h0 | 3 |",
  );
});

Deno.test("KeyNumbers are JSON with four decimals", () => {
  const bundle = new KeyNumbers({ a: 1 / 3, b: [2, -1e-9], c: "x" })[DISPLAY]();
  assertEquals(bundle["application/json"], { a: 0.3333, b: [2, 0], c: "x" });
});

Deno.test("label() escapes what markup would read", () => {
  assertEquals(label('a & "b"', 1, 2.04), '<text x="1" y="2">a &amp; &quot;b&quot;</text>');
});
