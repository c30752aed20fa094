/** Charts of a feature's card: histograms, and readings beside their floor. */
import type { DashboardHistogram } from "../../../utils/results/mod.ts";
import { html, linearScale, number, svg } from "../../page/client/mod.ts";
import { type FoundFeature, READING_ORDER, READINGS } from "./dashboard_data.ts";

/** Returns a number for an axis, without zeros at its end. */
const axisNumber = (value: number): string =>
  number(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

const WIDTH = 280, HEIGHT = 96;

/**
 * Returns a histogram with a log scale of counts, since most values are near the mode.
 * @param split colours bars below and above 0 by sign
 */
export function histogramChart(
  { low, high, counts }: DashboardHistogram,
  name: string,
  split = false,
): SVGSVGElement {
  const left = 4, right = WIDTH - 4, bottom = HEIGHT - 20, top = 6;
  const x = linearScale([low, high], [left, right], 5, axisNumber);
  const most = Math.log1p(Math.max(...counts, 1));
  const width = (right - left) / counts.length;
  const bars = counts.map((count, i) => {
    const height = Math.log1p(count) / most * (bottom - top);
    const value = low + (i + 0.5) * (high - low) / counts.length;
    return svg("rect", {
      class: split ? value < 0 ? "bar-minus" : "bar-plus" : "bar-plain",
      x: left + i * width + 0.5,
      y: bottom - height,
      width: Math.max(0.5, width - 1),
      height,
    }, svg("title", {}, `${number(value)}: ${count.toLocaleString("en-US")}`));
  });
  let last = -Infinity;
  const ticks = x.ticks.flatMap(({ at, label }) => {
    if (at - last < 10 + 6 * label.length) return [];
    last = at;
    const place = Math.min(Math.max(at, left + 3 * label.length), right - 3 * label.length);
    return [
      svg("text", { class: "tick", x: place, y: HEIGHT - 5, "text-anchor": "middle" }, label),
    ];
  });
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name },
    ...bars,
    svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    ...ticks,
  ) as SVGSVGElement;
}

/** Returns a score with two decimals and a real minus sign. */
export function decimal(value: number): string {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

const SPAN = 240;
const place = (value: number) => 6 + Math.min(1, Math.max(0, value)) * (SPAN - 12);

/** Returns one line of the readings' chart. */
function readingLine({ layer, feature }: FoundFeature, name: string): HTMLElement {
  const score = feature.scores?.[name] ?? null;
  const quantiles = layer.summary[name]?.floor_quantiles ?? [];
  const marks: SVGElement[] = [
    svg("line", { class: "track", x1: place(0), x2: place(1), y1: 9, y2: 9 }),
  ];
  if (quantiles.length === 5) {
    const [q5, q25, q50, q75, q95] = quantiles.map(place);
    marks.push(
      svg("rect", { class: "floor-wide", x: q5, width: Math.max(1, q95 - q5), y: 5, height: 8 }),
      svg("rect", { class: "floor-half", x: q25, width: Math.max(1, q75 - q25), y: 5, height: 8 }),
      svg("line", { class: "floor-median", x1: q50, x2: q50, y1: 4, y2: 14 }),
    );
  }
  if (score) {
    const [value, low, high] = score.map(place);
    marks.push(
      svg("line", { class: "whisker", x1: low, x2: high, y1: 9, y2: 9 }),
      svg("circle", { class: "score-dot", cx: value, cy: 9, r: 3.6 }),
    );
  }
  const text = score
    ? [decimal(score[0]), html("small", {}, ` [${decimal(score[1])}, ${decimal(score[2])}]`)]
    : ["–"];
  const floor = quantiles.length === 5
    ? `random coder: median ${decimal(quantiles[2])}, 5 to 95 % ${decimal(quantiles[0])} to ${
      decimal(quantiles[4])
    }`
    : "no random feature measured";
  const { name: title, note } = READINGS[name] ?? { name, note: "" };
  return html(
    "div",
    { class: "reading", title: `${title}: ${note}\n${floor}` },
    html("span", { class: "reading-name" }, title),
    svg(
      "svg",
      { viewBox: `0 0 ${SPAN} 18`, class: "reading-chart", "aria-hidden": "true" },
      ...marks,
    ),
    html("span", { class: "reading-value" }, ...text),
  );
}

/** Returns the readings of a feature, each beside the random coder's distribution in its layer. */
export function readingsChart(found: FoundFeature, names: readonly string[]): HTMLElement {
  const shown = READING_ORDER.filter((name) => names.includes(name));
  return html(
    "div",
    { class: "readings" },
    ...shown.map((name) => readingLine(found, name)),
    html(
      "p",
      { class: "reading-key" },
      html("i", { class: "key-dot" }),
      "this feature, 95 % interval",
      html("i", { class: "key-floor" }),
      "random coder: 5–95 %, quartiles, median",
    ),
  );
}
