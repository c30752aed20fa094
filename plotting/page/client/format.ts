/** Formats numbers for people: a real minus sign, thousands separators, "–" for a missing number. */

/** Formats a number with three significant digits, without an exponent for everyday sizes. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1000
    ? Math.round(size).toLocaleString("en-US")
    : size < 0.001
    ? size.toExponential(1).replace("e-", "e−")
    : String(size.toPrecision(3));
  return value < 0 ? `−${text}` : text;
}

/** Formats a whole number with thousands separators: `12,345`. */
export function integer(value: number): string {
  return value.toLocaleString("en-US");
}

/** Formats a fraction as percent: `81 %`, `7.5 %`. Fractions can be any size; large ones lose their decimals. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const hundred = value * 100;
  const digits = Math.abs(hundred) < 10 ? 1 : 0;
  return `${hundred < 0 ? "−" : ""}${
    Math.abs(hundred).toLocaleString("en-US", { maximumFractionDigits: digits })
  } %`;
}

/** Formats a fraction as whole percent, for ticks of an axis that says "%". */
export function axisPercent(value: number): string {
  return String(Math.round(value * 100)).replace("-", "−");
}

/** Formats a training step for an axis: `512`, `1k`, `143k`. */
export function shortStep(step: number): string {
  return step >= 1000 && step % 1000 === 0 ? `${step / 1000}k` : String(step);
}

/** Formats a count with its noun: `1 edge`, `2 edges`. */
export function plural(count: number, noun: string): string {
  return `${integer(count)} ${noun}${count === 1 ? "" : "s"}`;
}
