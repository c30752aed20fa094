/** Makes the colours of figures: a scale from early to late training, translucent colours, and a colour-blind palette. */
import type { Figure, Trace } from "./figure.ts";

/** Colour of what is not one of the lines compared, such as keys to kinds of lines. */
export const NEUTRAL = "#8c9299";

/** Colours from early to late training; readable on light and dark backgrounds. */
export const STEP_COLOURS: [number, string][] = [
  [0, "#b08d2f"],
  [0.35, "#4f9a6a"],
  [0.7, "#4a8fa8"],
  [1, "#4b5fb3"],
];

/** Returns the colour at `t` in 0…1 of `STEP_COLOURS`, interpolated linearly. */
export function stepColour(t: number): string {
  const upper = Math.max(1, STEP_COLOURS.findIndex(([at]) => at >= t));
  const [[a, from], [b, to]] = [STEP_COLOURS[upper - 1], STEP_COLOURS[upper]];
  const part = Math.min(1, Math.max(0, (t - a) / (b - a)));
  const channels = [1, 3, 5].map((at) => {
    const [x, y] = [from, to].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    return Math.round(x + (y - x) * part);
  });
  return `rgb(${channels.join(",")})`;
}

/** Returns Plotly's notation for `#RRGGBB` with an opacity. */
export function translucent(hex: string, opacity: number): string {
  const channels = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${channels.join(",")},${opacity})`;
}

/**
 * Four colours that differ for readers with any dichromacy (simulated as Machado et al. 2009 do), with a contrast of 3 : 1
 * on light and dark paper. Few other colours meet both conditions, so lines also differ in their dashes.
 */
export const SAFE_COLOURS: readonly string[] = ["#3b6cf5", "#c97512", "#99408f", "#9a8f86"];

/** Dashes of the first four colours, of the next four, and so on. */
const SAFE_DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/**
 * Returns a figure whose coloured lines have `SAFE_COLOURS`, in the order of their appearance; the first four are solid, the
 * next four dashed, and so on. Lines that were dashed keep their dash; keys to kinds of lines stay grey.
 */
export function colourBlind(figure: Figure): Figure {
  const colourOf = ({ line, marker }: Trace) =>
    [line, marker].map((drawn) => (drawn as { color?: unknown } | undefined)?.color)
      .find((colour) => typeof colour === "string" && /^#[\da-f]{6}$/i.test(colour));
  const coloured = figure.data.map(colourOf).filter((colour): colour is string =>
    colour !== undefined && colour !== NEUTRAL
  );
  const places = new Map([...new Set(coloured)].map((colour, place) => [colour, place]));
  const safe = (colour: string) => SAFE_COLOURS[places.get(colour)! % SAFE_COLOURS.length];
  const recoloured = (value: unknown): unknown => {
    if (typeof value === "string") {
      if (places.has(value)) return safe(value);
      const opacity = /^rgba\(.*,([\d.]+)\)$/.exec(value)?.[1];
      const solid = [...places.keys()].find((colour) =>
        opacity !== undefined && translucent(colour, Number(opacity)) === value
      );
      return solid ? translucent(safe(solid), Number(opacity)) : value;
    }
    if (Array.isArray(value)) {
      return value.some((item) => typeof item !== "number") ? value.map(recoloured) : value;
    }
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recoloured(item)]));
  };
  const data = figure.data.map((trace) => {
    const place = places.get(String(colourOf(trace)));
    const made = recoloured(trace) as Trace;
    const line = made.line as { dash?: string } | undefined;
    if (place === undefined || !line || (line.dash ?? "solid") !== "solid") return made;
    const dash = SAFE_DASHES[Math.floor(place / SAFE_COLOURS.length) % SAFE_DASHES.length];
    return { ...made, line: { ...line, dash } };
  });
  return { ...figure, data };
}
