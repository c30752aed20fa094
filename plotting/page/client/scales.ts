/** Maps values to pixels along an axis, with ticks. */

/** Maps a value to its place in pixels. */
export interface Scale {
  (value: number): number;
  /** places and labels of the ticks */
  ticks: { at: number; label: string }[];
}

/** Returns round numbers from `low` to `high`, about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const unit = [1, 2, 5, 10].map((m) => m * power).find((u) => u >= raw * 0.999)!;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / unit - 1e-9); i * unit <= high + unit * 1e-9; i++) {
    ticks.push(Number((i * unit).toPrecision(12)));
  }
  return ticks;
}

/** Returns the linear scale that puts `low` at `from` and `high` at `to`, with about `count` ticks. */
export function linearScale(
  [low, high]: [number, number],
  [from, to]: [number, number],
  count: number,
  label: (value: number) => string,
): Scale {
  const span = high - low || 1;
  const place = (value: number) => from + ((value - low) / span) * (to - from);
  const ticks = niceTicks(low, high, count).map((value) => ({
    at: place(value),
    label: label(value),
  }));
  return Object.assign(place, { ticks });
}

/**
 * Returns a logarithmic scale over positive values, with ticks at powers of ten, for a short range also at 2 and 5, and
 * within a decade at round numbers.
 */
export function logScale(
  [low, high]: [number, number],
  [from, to]: [number, number],
  label: (value: number) => string,
): Scale {
  const a = Math.log10(low);
  const span = Math.log10(high) - a || 1;
  const place = (value: number) =>
    from + ((Math.log10(Math.max(value, 1e-12)) - a) / span) * (to - from);
  if (high / low < 6) {
    const round = niceTicks(low, high, 6).map((value) => ({
      at: place(value),
      label: label(value),
    }));
    return Object.assign(place, {
      ticks: round.filter((tick, i) => tick.label !== round[i - 1]?.label),
    });
  }
  const factors = span < 1.3 ? [1, 2, 5] : [1];
  const ticks: { at: number; label: string }[] = [];
  for (let power = Math.floor(a); power <= a + span + 1e-9; power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value < low * 0.999 || value > high * 1.001) continue;
      ticks.push({ at: place(value), label: label(value) });
    }
  }
  return Object.assign(place, { ticks });
}

/**
 * Returns a log scale over training steps. A log axis cannot show step 0, so it goes a little left of the first
 * positive step.
 */
export function stepScale(
  steps: number[],
  [from, to]: [number, number],
  label: (value: number) => string,
): Scale {
  const positive = steps.filter((step) => step > 0);
  const hasZero = positive.length < steps.length;
  if (positive.length === 0) {
    return Object.assign(() => (from + to) / 2, { ticks: [{ at: (from + to) / 2, label: "0" }] });
  }
  const low = Math.min(...positive);
  const high = Math.max(...positive);
  const start = hasZero ? from + Math.min(44, (to - from) * 0.09) : from;
  const middle = low === high ? (start + to) / 2 : null;
  const log = logScale([low, high], [start, to], label);
  const place = (step: number) => (step <= 0 ? from : middle ?? log(step));
  const ticks = middle === null ? log.ticks : [{ at: middle, label: label(low) }];
  const zero = hasZero ? [{ at: from, label: "0" }] : [];
  return Object.assign(place, { ticks: [...zero, ...ticks] });
}

/** Returns a range that covers all finite values, clipped to `limits`, and is never empty. */
export function rangeOf(
  values: (number | null)[],
  include: number[],
  limits: [number, number] = [-Infinity, Infinity],
): [number, number] {
  const finite = values.filter((v): v is number => v !== null && Number.isFinite(v));
  const all = [...finite.map((v) => Math.max(limits[0], Math.min(limits[1], v))), ...include];
  let low = Math.min(...all);
  let high = Math.max(...all);
  if (!Number.isFinite(low)) [low, high] = [0, 1];
  if (low === high) [low, high] = include.includes(low) ? [low, low + 1] : [low - 0.5, low + 0.5];
  const pad = (high - low) * 0.06;
  return [include.includes(low) ? low : low - pad, high + pad];
}
