/** Shows the page's tooltip and makes its content. */
import { html } from "./dom.ts";

let box: HTMLElement | undefined;

function theBox(): HTMLElement {
  if (!box) {
    box = html("div", { id: "tooltip", role: "tooltip" });
    document.body.append(box);
  }
  return box;
}

/** A point in the window, such as a pointer event. */
export interface WindowPoint {
  /** pixels from the left edge */
  clientX: number;
  /** pixels from the top edge */
  clientY: number;
}

/** Shows `content` beside the point, inside the window. Without `content`, moves the tooltip. */
export function showTooltip(at: WindowPoint, content?: Node | string): void {
  const box = theBox();
  if (content !== undefined) box.replaceChildren(content);
  box.classList.add("shown");
  const { offsetWidth, offsetHeight } = box;
  const left = at.clientX + 16 + offsetWidth > innerWidth
    ? at.clientX - offsetWidth - 12
    : at.clientX + 16;
  const top = Math.min(at.clientY + 14, innerHeight - offsetHeight - 8);
  box.style.transform = `translate(${Math.max(6, left)}px, ${Math.max(6, top)}px)`;
}

/** Hides the tooltip. */
export function hideTooltip(): void {
  theBox().classList.remove("shown");
}

/** Returns a line with a label on the left and its value on the right. */
export function fact(label: string, value: string): HTMLElement {
  return html("div", { class: "fact" }, html("span", {}, label), html("b", {}, value));
}

/** Returns the content of a tooltip: a bold title above the lines. */
export function titled(title: string, ...lines: (Node | string)[]): HTMLElement {
  return html("div", {}, html("strong", {}, title), ...lines);
}
