/** Makes the colours of figures: a scale from early to late training, and translucent colours. */

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
