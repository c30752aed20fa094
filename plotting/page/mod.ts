/**
 * Makes self-contained HTML pages: bundles a page's TypeScript and CSS, embeds its data, and opens it in a browser for
 * pictures and tests. `client/mod.ts` has the code that runs inside a page.
 *
 * @example
 * ```ts ignore
 * const html = buildPage({
 *   title: "Features of layer 3",
 *   styles: [KIT_STYLES.theme, KIT_STYLES.base, new URL("./dashboard.css", import.meta.url)],
 *   body: '<div id="page"><h1>Features of layer 3</h1><ol id="features"></ol></div>',
 *   data: { features: [{ id: 7, density: 0.01 }] },
 *   script: new URL("./client/main.ts", import.meta.url), // reads embedded("features")
 * });
 * ```
 *
 * @module
 */
export { type Bundle, bundlePage } from "./bundle.ts";
export { type Browser, chromiumPath, launchChromium } from "./chromium.ts";
export { embedJson, embedScript, escapeHtml, fillTemplate } from "./html.ts";
export { buildPage, KIT_STYLES, type PageParts } from "./page.ts";
