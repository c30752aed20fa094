/**
 * Assembles a page: one HTML file with its styles, data and code. It opens from disk, without a network.
 *
 * 1. Bundle the entry module and the style sheets (`bundlePage`).
 * 2. Add a line of script that sets the theme of the reader's system on the root element before the first paint
 *    (`data-theme="light"` or `"dark"`). `page/client/theme.ts` can change it later.
 * 3. Embed the data as JSON elements. The entry module reads them with `embedded(id)` of `page/client`.
 */
import { bundlePage } from "./bundle.ts";
import { embedJson, embedScript, escapeHtml } from "./html.ts";

/** The style sheets of the kit. A page lists the ones it uses before its own. */
export const KIT_STYLES = {
  /** paper, ink and fonts, light and dark */
  theme: new URL("./styles/theme.css", import.meta.url),
  /** colours of curves, signs and heat maps, light and dark, with a colour-blind-safe variant */
  palette: new URL("./styles/palette.css", import.meta.url),
  /** headings, sections, notes, tooltip, footer */
  base: new URL("./styles/base.css", import.meta.url),
  /** buttons, switches, sliders, search fields */
  controls: new URL("./styles/controls.css", import.meta.url),
  /** axes, curves, points, legends */
  charts: new URL("./styles/charts.css", import.meta.url),
  /** the bar with the play button and the slider over checkpoints */
  player: new URL("./styles/player.css", import.meta.url),
} as const;

/** The parts of a page. */
export interface PageParts {
  /** plain text */
  title: string;
  /** style sheets in cascade order, usually some of `KIT_STYLES` first */
  styles: readonly URL[];
  /** HTML inside the body element */
  body: string;
  /** id of a JSON element → value */
  data: Readonly<Record<string, unknown>>;
  /**
   * Embedded after the script, for pages with much data. The script then runs before the browser reads these elements, so it
   * waits for them with `whenParsed` of `page/client`.
   */
  late?: Readonly<Record<string, unknown>>;
  /** JavaScript of libraries, run in this order before the script */
  libraries?: readonly string[];
  /** entry module in TypeScript; it runs after the body is parsed */
  script: URL;
}

const SYSTEM_THEME = 'document.documentElement.dataset.theme=matchMedia("(prefers-color-scheme: ' +
  'dark)").matches?"dark":"light"';

/** Returns the HTML of a page. @throws Error if its script or a style sheet cannot be bundled. */
export function buildPage(
  { title, styles, body, data, late, libraries = [], script }: PageParts,
): string {
  const bundle = bundlePage(script, styles);
  const lines = [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    '<link rel="icon" href="data:,">',
    `<script>${SYSTEM_THEME}</script>`,
    `<style>${bundle.style}</style>`,
    "</head>",
    "<body>",
    body.trim(),
    ...jsonElements(data),
    ...libraries.map((source) => `<script>${embedScript(source)}</script>`),
    // a module waits for the whole page, a plain script does not
    ...(late
      ? [`<script>(()=>{"use strict";${embedScript(bundle.script)}})()</script>`]
      : [`<script type="module">${embedScript(bundle.script)}</script>`]),
    ...jsonElements(late ?? {}),
    "</body>",
    "</html>",
  ];
  return lines.join("\n") + "\n";
}

function jsonElements(data: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(data).map(([id, value]) =>
    `<script id="${escapeHtml(id)}" type="application/json">${embedJson(value)}</script>`
  );
}
