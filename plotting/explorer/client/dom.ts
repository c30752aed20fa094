/** Making elements and writing numbers. */

export type Attributes = Record<string, string | number | boolean | null | undefined>;
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

function fill<T extends Element>(element: T, attributes: Attributes, children: (Node | string)[]) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/** The element with this id; its absence is an error in the template. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element "${id}"`);
  return element as unknown as T;
}

/** Three significant digits, a real minus sign, no exponent for everyday sizes. */
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

export function integer(value: number): string {
  return value.toLocaleString("en-US");
}

/** `81 %`; faithfulness of an almost clueless model can be any size, so large values lose their digits. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const hundred = value * 100;
  const digits = Math.abs(hundred) < 10 ? 1 : 0;
  return `${hundred < 0 ? "−" : ""}${
    Math.abs(hundred).toLocaleString("en-US", { maximumFractionDigits: digits })
  } %`;
}

/** A share as a whole number of percent, for ticks of an axis that says "%". */
export function axisPercent(value: number): string {
  return String(Math.round(value * 100)).replace("-", "−");
}

/** `1k`, `143k` on axes. */
export function shortStep(step: number): string {
  return step >= 1000 && step % 1000 === 0 ? `${step / 1000}k` : String(step);
}

export function plural(count: number, noun: string): string {
  return `${integer(count)} ${noun}${count === 1 ? "" : "s"}`;
}
