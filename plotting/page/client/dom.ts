/** Makes and finds elements, and reads the data embedded in the page. */

/** Attributes by name. null, undefined and false omit an attribute; true sets it without a value. */
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

/** Makes an HTML element; a string among the children becomes text. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element; a string among the children becomes text. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/** Returns the element with this id. @throws Error if the page does not have it, which is a bug in its HTML. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element "${id}"`);
  return element as unknown as T;
}

/** Returns the value that `buildPage` embedded under this id. `Value` is its type, unchecked. */
export function embedded<Value>(id: string): Value {
  return JSON.parse(byId(id).textContent);
}

/** Runs `action` when the whole page has been read: now, or later if the page embeds data after its script. */
export function whenParsed(action: () => void): void {
  if (document.readyState !== "loading") return action();
  document.addEventListener("DOMContentLoaded", action, { once: true });
}
