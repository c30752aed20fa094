/** The one floating box of the page. */
import { byId } from "./dom.ts";

/** Shows `content` (or moves what is shown) beside the pointer, kept inside the window. */
export function showTooltip(event: { clientX: number; clientY: number }, content?: Node | string) {
  const box = byId("tooltip");
  if (content !== undefined) box.replaceChildren(content);
  box.classList.add("shown");
  const { offsetWidth, offsetHeight } = box;
  const left = event.clientX + 16 + offsetWidth > innerWidth
    ? event.clientX - offsetWidth - 12
    : event.clientX + 16;
  const top = Math.min(event.clientY + 14, innerHeight - offsetHeight - 8);
  box.style.transform = `translate(${Math.max(6, left)}px, ${Math.max(6, top)}px)`;
}

export function hideTooltip() {
  byId("tooltip").classList.remove("shown");
}
