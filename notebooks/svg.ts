/**
 * SVG text, and the arithmetic of charts: positions on an axis, round tick marks, colours.
 *
 * Numbers are rounded to a tenth of a pixel, so that the same values always give the same bytes.
 */
import { niceTicks } from "../plotting/page/client/mod.ts";
import { escapeHtml } from "../plotting/page/mod.ts";

type Attributes = Record<string, string | number | undefined>;

const rounded = (value: number): string => String(Math.round(value * 10) / 10 + 0);

/** Returns an element with its children, without the attributes that are undefined. */
export function tag(name: string, attributes: Attributes, ...children: string[]): string {
  const list = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`${key}="${typeof value === "number" ? rounded(value) : escapeHtml(value)}"`]
  );
  const open = [name, ...list].join(" ");
  return children.length === 0 ? `<${open}/>` : `<${open}>${children.join("")}</${name}>`;
}

/** Returns a line of text with its baseline at (x, y). */
export function label(
  text: string,
  x: number,
  y: number,
  { anchor, size, fill, bold, turned }: {
    anchor?: "middle" | "end";
    size?: number;
    fill?: string;
    bold?: boolean;
    /** upwards, for the title of a vertical axis */
    turned?: boolean;
  } = {},
): string {
  return tag("text", {
    x,
    y,
    "text-anchor": anchor,
    "font-size": size,
    fill,
    "font-weight": bold ? "600" : undefined,
    transform: turned ? `rotate(-90 ${rounded(x)} ${rounded(y)})` : undefined,
  }, escapeHtml(text));
}

/** Returns a whole picture on white, for light and dark pages. */
export function picture(width: number, height: number, title: string, parts: string[]): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: w,
      height: h,
      viewBox: `0 0 ${w} ${h}`,
      "font-family": "Helvetica Neue, Helvetica, Arial, sans-serif",
      "font-size": 11,
      fill: "#2b2f36",
      role: "img",
    },
    tag("title", {}, escapeHtml(title)),
    tag("rect", { width: w, height: h, fill: "#ffffff" }),
    parts.join("\n"),
  );
}

/** An axis. */
export interface Scale {
  /** returns the position of a value, in pixels */
  at(value: number): number;
  /** values with a tick mark */
  ticks: number[];
}

/** Returns a linear scale with about `count` round ticks. */
export function linearScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  count = 5,
): Scale {
  const span = high - low || 1;
  const at = (value: number) => from + (value - low) / span * (to - from);
  return { at, ticks: niceTicks(low, high, count) };
}

/**
 * Maps training steps to 0 … 1: log(1 + 50·step/last)/log(51). This leaves room for early steps and for the middle of
 * training, where circuits form.
 */
export const trainingTime = (step: number, last: number): number =>
  Math.log1p(50 * step / Math.max(1, last)) / Math.log(51);

/** Returns a scale of {@link trainingTime} from 0 to the last step, with ticks at 0 and at powers of two up to it. */
export function stepScale(last: number, [from, to]: readonly [number, number]): Scale {
  const unit = last > 10_000 ? 1000 : 1;
  const ticks = [0];
  for (let step = unit; step <= last; step *= 2) {
    if (trainingTime(step, last) - trainingTime(ticks.at(-1)!, last) > 0.09) ticks.push(step);
  }
  return { at: (step) => from + trainingTime(step, last) * (to - from), ticks };
}

const NEGATIVE = [33, 102, 172], MIDDLE = [247, 247, 247], POSITIVE = [178, 24, 43];

/** Returns the colour of a value in −1 … 1: blue, white, red. */
export function diverging(value: number): string {
  const t = Math.min(1, Math.abs(value)) ** 0.8;
  const end = value < 0 ? NEGATIVE : POSITIVE;
  const mixed = MIDDLE.map((m, i) => Math.round(m + (end[i] - m) * t));
  return `rgb(${mixed.join(",")})`;
}
