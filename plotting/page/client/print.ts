/**
 * Prints a picture alone: the browser's "Save as PDF" makes one page of the picture's size, with lines as lines and text as
 * text, in the reader's fonts. (A PDF library with fonts would make each page half a megabyte larger.)
 */
import { escapeHtml } from "../html.ts";
import { html } from "./dom.ts";

/** Returns the document that is printed: the picture on a page of its size, or scaled down where paper has a fixed size. */
export function printDocument(picture: string, title: string): string {
  const size = (name: string) =>
    Math.ceil(Number(new RegExp(`^<svg[^>]* ${name}="([\\d.]+)`).exec(picture)?.[1] ?? 0)) + 1;
  return `<!doctype html><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>` +
    `@page { size: ${size("width")}px ${size("height")}px; margin: 0 } body { margin: 0 } ` +
    `svg { display: block; max-width: 100%; height: auto; print-color-adjust: exact }` +
    `</style>${picture}`;
}

/**
 * Opens the browser's print dialog for a picture.
 * @param picture an SVG file, as `standaloneSvg` makes it
 * @param title what browsers propose as the name of the file
 */
export function printSvg(picture: string, title: string): void {
  document.getElementById("printed")?.remove();
  const frame = html("iframe", { id: "printed", "aria-hidden": "true", tabindex: "-1" });
  frame.style.cssText = "position: fixed; width: 0; height: 0; border: 0; visibility: hidden";
  frame.srcdoc = printDocument(picture, title);
  frame.addEventListener("load", () => {
    frame.contentWindow?.focus();
    frame.contentWindow?.print();
  });
  document.body.append(frame);
}
