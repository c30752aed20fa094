/**
 * Adjusts a figure that is ready: sizes, fonts, texts and palette by option, and ticks of log axes by what the figure shows.
 */
import { UserError } from "../../utils/base/mod.ts";
import { colourBlind } from "./colours.ts";
import type { Figure, Trace } from "./figure.ts";

/** Options of every plot, as its command line gives them. */
export type FigureOptions = {
  width?: string;
  height?: string;
  fontSize?: string;
  title?: string;
  caption?: string;
  palette?: string;
};

/** Palettes of figures, the default first. */
const PALETTES = ["field", "colorblind"];

/** Font size of figures, in pixels, from which `fontSize` scales all text. */
const FONT_SIZE = 12;

/** Spans of a log axis, in decades, below which one tick per decade is too few. */
const FEW_DECADES = 1.5;

type Settings = Record<string, unknown>;

const isSettings = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns the figure with the options applied. @throws UserError if a number is not one. */
export function adjusted(figure: Figure, options: FigureOptions): Figure {
  const width = pixels("--width", options.width) ?? figure.width;
  const height = pixels("--height", options.height) ?? figure.height;
  const size = pixels("--font-size", options.fontSize);
  const scale = size === undefined ? 1 : size / FONT_SIZE;
  const layout: Settings = { ...figure.layout };
  if (layout.width !== undefined) layout.width = width;
  if (layout.height !== undefined) layout.height = height;
  if (scale !== 1) layout.font = { size: FONT_SIZE, ...layout.font as Settings };
  const { title, caption, palette = PALETTES[0] } = options;
  if (!PALETTES.includes(palette)) {
    throw new UserError(`--palette: expected ${PALETTES.join(" or ")}, found "${palette}"`, 2);
  }
  const made = {
    ...figure,
    width,
    height,
    ...(title !== undefined && { title, heading: title }),
    ...(caption !== undefined && { caption, note: caption }),
    layout: scale === 1 ? layout : scaledFonts(layout, scale),
    data: scale === 1 ? figure.data : figure.data.map((trace) => scaledFonts(trace, scale)),
  };
  return palette === PALETTES[1] ? colourBlind(made) : made;
}

function pixels(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value >= 1 && value <= 20_000) return value;
  throw new UserError(`${flag}: expected a number of pixels from 1 to 20000, found "${text}"`, 2);
}

/** Returns settings in which every font size inside (`font`, `tickfont`, `textfont`) is multiplied. */
function scaledFonts<T extends Settings>(settings: T, scale: number): T {
  const walk = (value: unknown, key = ""): unknown => {
    if (Array.isArray(value)) return value.some(isSettings) ? value.map((v) => walk(v)) : value;
    if (!isSettings(value)) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v, k)]));
    if (/font$/i.test(key) && typeof copy.size === "number") copy.size *= scale;
    return copy;
  };
  return walk(settings) as T;
}

/**
 * Returns the figure with more ticks on log axes that span little. One tick per decade leaves such an axis without a label;
 * Plotly then chooses the ticks itself.
 */
export function withTicks(figure: Figure): Figure {
  const layout: Settings = { ...figure.layout };
  for (const key of Object.keys(layout)) {
    const axis = layout[key];
    if (!/^[xy]axis/.test(key) || !isSettings(axis) || axis.type !== "log") continue;
    if (axis.dtick !== 1 || axis.tickvals) continue;
    const span = (axis.range as [number, number] | undefined) ??
      logSpan(figure.data, key.replace("axis", ""));
    if (span && span[1] - span[0] < FEW_DECADES) {
      const { dtick: _, ...rest } = axis;
      layout[key] = { ...rest, nticks: 6, tickformat: ",~r" };
    }
  }
  return { ...figure, layout };
}

/** Returns the range, log10, of the values on an axis; undefined if it has no positive one. */
function logSpan(data: readonly Trace[], axis: string): [number, number] | undefined {
  const [letter] = axis;
  const values = data.filter((trace) => (trace[`${letter}axis`] ?? letter) === axis)
    .flatMap((trace) => trace[letter] as unknown[] ?? [])
    .filter((value): value is number => typeof value === "number" && value > 0);
  if (values.length === 0) return undefined;
  const logs = values.map(Math.log10);
  return [logs.reduce((a, b) => Math.min(a, b)), logs.reduce((a, b) => Math.max(a, b))];
}
