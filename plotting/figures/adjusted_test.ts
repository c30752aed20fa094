import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../utils/base/user_error.ts";
import { adjusted, withTicks } from "./adjusted.ts";
import { NEUTRAL, SAFE_COLOURS, translucent } from "./colours.ts";
import { panelGrid } from "./panels.ts";
import type { Figure } from "./figure.ts";

const figure = (x: (number | null)[]): Figure => ({
  ...{ title: "t", caption: "c", width: 700, height: 400 },
  data: [{ x, y: x, xaxis: "x", yaxis: "y", textfont: { size: 10 } }],
  layout: panelGrid([{ title: "one" }], 1),
});

const axis = ({ layout }: Figure) => layout.xaxis as Record<string, unknown>;

Deno.test("withTicks() leaves one tick per decade only where the axis spans enough decades", () => {
  assertEquals(axis(withTicks(figure([1, 10, 143_000]))).dtick, 1);
  // no power of ten between these, so one tick per decade would be none
  const short = axis(withTicks(figure([2048, null, 6144])));
  assertEquals([short.dtick, short.nticks], [undefined, 6]);
  assertEquals(axis(withTicks(figure([0, null]))).dtick, 1);
});

Deno.test("adjusted() sets sizes and title, and scales every font", () => {
  const made = adjusted(figure([1, 2]), {
    ...{ width: "340", height: "250", fontSize: "6", title: "My figure" },
    caption: "My caption",
  });
  assertEquals([made.caption, made.note], ["My caption", "My caption"]);
  assertEquals([made.width, made.height, made.title, made.heading], [
    ...[340, 250, "My figure", "My figure"],
  ]);
  assertEquals((made.layout.font as { size: number }).size, 6);
  const [note] = made.layout.annotations as { font: { size: number } }[];
  assertEquals(note.font.size, 6.5);
  assertEquals(made.data[0].textfont, { size: 5 });
  assertEquals(adjusted(figure([1]), {}).layout, figure([1]).layout);
  for (const width of ["wide", "0", "", "1e9"]) {
    assertThrows(() => adjusted(figure([1]), { width }), UserError, "--width");
  }
});

Deno.test("adjusted() recolours lines, bands and labels for colour-blind readers, with dashes from the fifth", () => {
  const colours = ["#000001", "#000002", "#000003", "#000004", "#000005"];
  const data = colours.map((color) => ({
    ...{ x: [1], line: { color, width: 2 }, fillcolor: translucent(color, 0.25) },
    textfont: { color: [color, "#123456"] },
  }));
  const given = {
    ...figure([1]),
    data: [...data, { line: { color: NEUTRAL } }, {
      line: { color: colours[1], dash: "dashdot" },
    }],
  };
  const made = adjusted(given, { palette: "colorblind" }).data;
  const lines = made.map(({ line }) => line as { color: string; dash?: string });
  const [a, b, c, d] = SAFE_COLOURS;
  assertEquals(lines.map(({ color }) => color), [a, b, c, d, a, NEUTRAL, b]);
  assertEquals(lines.map(({ dash = "solid" }) => dash), [
    ...["solid", "solid", "solid", "solid", "dash", "solid", "dashdot"],
  ]);
  assertEquals(made[1].fillcolor, translucent(b, 0.25));
  assertEquals(made[1].textfont, { color: [b, "#123456"] });
  assertEquals(adjusted(given, { palette: "field" }).data, given.data);
  assertThrows(() => adjusted(given, { palette: "safe" }), UserError, "--palette");
});
