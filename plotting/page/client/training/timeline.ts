/**
 * Draws the curves over training: small charts that share one log axis of steps and mark the current step. A click or
 * drag anywhere on a chart moves the page to the nearest checkpoint.
 */
import { axes, bandPath, linePath } from "../axes.ts";
import { html, svg } from "../dom.ts";
import { integer, shortStep } from "../format.ts";
import { gapsOf, hatched } from "../hatch.ts";
import { linearScale, rangeOf, type Scale, stepScale } from "../scales.ts";
import { fact, hideTooltip, showTooltip, titled } from "../tooltip.ts";

/** A curve. */
export interface Series {
  /** in the legend */
  name: string;
  /** CSS class that gives its colour */
  tone: string;
  /** by checkpoint; null where nothing was measured */
  values: (number | null)[];
  /** intervals around the values */
  band?: ([low: number, high: number] | null)[];
  /** draws it dashed */
  dashed?: boolean;
}

/** What a chart shows. */
export interface ChartSpec {
  /** id of its element, unique on the page */
  id: string;
  /** above the chart */
  title: string;
  /** its curves */
  series: Series[];
  /** values that the vertical axis must include */
  include: number[];
  /** bounds of the vertical axis, even if values exceed them */
  limits?: [number, number];
  /** horizontal line */
  rule?: { value: number; label: string };
  /** writes a value */
  format: (value: number | null) => string;
  /** writes a tick of the vertical axis */
  tick: (value: number) => string;
}

/** A chart on the page. */
export interface TimelineChart {
  /** to be added to the page */
  element: HTMLElement;
  /** Draws the chart. @param width of its element; default: measured, which makes the browser lay the page out */
  resize(width?: number): void;
  /** Marks a checkpoint. */
  mark(index: number): void;
}

const HEIGHT = 150;
const PAD = { left: 44, right: 14, top: 10, bottom: 22 };

/**
 * Makes a chart.
 * @param steps of the checkpoints, ascending
 * @param able for each checkpoint, whether the model does the task; the others are hatched
 * @param jump selects a checkpoint
 */
export function createTimelineChart(
  spec: ChartSpec,
  steps: number[],
  able: boolean[],
  jump: (index: number) => void,
): TimelineChart {
  const picture = svg("svg", { class: "chart", height: HEIGHT, role: "img" });
  picture.setAttribute("aria-label", `${spec.title} over training steps`);
  const values = spec.series.map((series) => {
    const longest = Math.max(...series.values.map((value) => spec.format(value).length));
    const value = html("span", { class: "value" }, spec.format(series.values[0] ?? null));
    value.style.minWidth = `${longest}ch`;
    return value;
  });
  const legend = spec.series.map((series, i) =>
    html(
      "span",
      { class: `key ${series.tone}${series.dashed ? " dashed" : ""}` },
      html("i"),
      series.name,
      " ",
      values[i],
    )
  );
  if (spec.rule) {
    legend.push(
      html(
        "span",
        { class: "key tone-rule" },
        html("i"),
        spec.rule.label,
        " ",
        html("b", {}, spec.format(spec.rule.value)),
      ),
    );
  }
  const element = html(
    "figure",
    { class: "timeline", id: spec.id },
    html("figcaption", {}, html("h3", {}, spec.title), html("span", { class: "keys" }, ...legend)),
    picture,
  );
  let x: Scale = stepScale(steps, [0, 1], shortStep);
  let y: Scale = linearScale([0, 1], [0, 1], 4, String);
  let current = 0;
  const cursor = svg("line", { class: "cursor" });
  const dots = spec.series.map((series) => svg("circle", { class: `dot ${series.tone}`, r: 3.5 }));

  function resize(measured = element.clientWidth) {
    const width = Math.max(220, measured);
    picture.setAttribute("width", String(width));
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const right = width - PAD.right;
    const bottom = HEIGHT - PAD.bottom;
    x = stepScale(steps, [PAD.left + 6, right], shortStep);
    const all = spec.series.flatMap(({ values, band = [] }) => [...values, ...band.flat()]);
    const range = rangeOf(all, spec.include, spec.limits);
    y = linearScale(range, [bottom, PAD.top], 4, spec.tick);
    const clip = `clip-${spec.id}`;
    const rule = spec.rule
      ? [
        svg("line", {
          class: "rule",
          x1: PAD.left,
          x2: right,
          y1: y(spec.rule.value),
          y2: y(spec.rule.value),
        }),
      ]
      : [];
    picture.replaceChildren(
      svg(
        "clipPath",
        { id: clip },
        svg("rect", { x: 0, y: PAD.top - 5, width, height: bottom + 9 - PAD.top }),
      ),
      ...axes(x, y, { left: PAD.left, right, top: PAD.top, bottom }, "step"),
      ...hatched(
        `hatch-${spec.id}`,
        gapsOf(able, steps.map(x), [PAD.left, right]),
        PAD.top,
        bottom,
      ),
      ...rule,
      svg(
        "g",
        { "clip-path": `url(#${clip})` },
        ...spec.series.flatMap((series) => [
          svg("path", {
            class: `band ${series.tone}`,
            d: series.band ? bandPath(series.band, (i) => x(steps[i]), y) : "",
          }),
          svg("path", {
            class: `series ${series.tone}${series.dashed ? " dashed" : ""}`,
            d: linePath(series.values, (i) => x(steps[i]), y),
          }),
        ]),
        ...dots,
      ),
      cursor,
    );
    mark(current);
  }

  function mark(index: number) {
    current = index;
    const at = x(steps[index]);
    for (
      const [key, value] of Object.entries({
        x1: at,
        x2: at,
        y1: PAD.top - 4,
        y2: HEIGHT - PAD.bottom,
      })
    ) {
      cursor.setAttribute(key, value.toFixed(1));
    }
    spec.series.forEach((series, i) => {
      const value = series.values[index] ?? null;
      values[i].textContent = spec.format(value);
      dots[i].style.display = value === null ? "none" : "";
      dots[i].setAttribute("cx", at.toFixed(1));
      if (value === null) return;
      const place = Math.max(PAD.top, Math.min(HEIGHT - PAD.bottom, y(value)));
      dots[i].setAttribute("cy", place.toFixed(1));
      dots[i].classList.toggle("beyond", Math.abs(place - y(value)) > 1);
    });
  }

  function nearest(event: PointerEvent): number {
    const box = picture.getBoundingClientRect();
    const at = event.clientX - box.left;
    let best = 0;
    steps.forEach((step, i) => {
      if (Math.abs(x(step) - at) < Math.abs(x(steps[best]) - at)) best = i;
    });
    return best;
  }

  picture.addEventListener("pointerdown", (event) => {
    picture.setPointerCapture(event.pointerId);
    jump(nearest(event));
  });
  picture.addEventListener("pointermove", (event) => {
    const index = nearest(event);
    if (event.buttons & 1) jump(index);
    const lines = spec.series.flatMap((series) => {
      const interval = series.band?.[index];
      return [
        fact(series.name, spec.format(series.values[index] ?? null)),
        ...(interval
          ? [fact("95 % interval", interval.map((value) => spec.format(value)).join(" to "))]
          : []),
      ];
    });
    const note = able[index]
      ? []
      : [html("div", { class: "fact" }, "the model does not do the task")];
    showTooltip(event, titled(`Step ${integer(steps[index])}`, ...lines, ...note));
  });
  picture.addEventListener("pointerleave", hideTooltip);
  return { element, resize, mark };
}
