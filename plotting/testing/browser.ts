/**
 * Headless Chromium for tests: one browser per test file (another one if it is killed), one page per test, every console
 * error collected. Tests that use it are made with `browserTest`, which skips them where there is no browser.
 */
import type { Browser, Page } from "playwright-core";
import { chromiumPath, launchChromium } from "../page/mod.ts";

let browser: Browser | undefined;

Deno.test.afterAll(async () => {
  await browser?.close();
  browser = undefined;
});

/** A test that needs the browser. It outlives single tests, so their resources cannot be counted. */
export function browserTest(name: string, fn: () => Promise<void>) {
  const ignore = chromiumPath() === undefined;
  Deno.test({ name, ignore, fn, sanitizeOps: false, sanitizeResources: false });
}

export interface OpenPage {
  page: Page;
  /** console errors and uncaught exceptions so far */
  errors: string[];
  /** addresses asked for other than the page itself and data inside it */
  requests: string[];
}

/** Opens `html` from a file, as a reader would, and passes it to `use`. Deletes page and file afterwards. */
export async function withPage(
  html: string,
  use: (open: OpenPage) => Promise<void>,
  options: { hash?: string; width?: number; dark?: boolean } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  let page: Page | undefined;
  try {
    const file = `${folder}/page.html`;
    await Deno.writeTextFile(file, html);
    if (!browser?.isConnected()) browser = await launchChromium(chromiumPath()!);
    page = await browser.newPage({
      viewport: { width: options.width ?? 1280, height: 900 },
      colorScheme: options.dark ? "dark" : "light",
      reducedMotion: "reduce",
    });
    const errors: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      const address = request.url();
      if (!/^(file|data|blob):/.test(address)) requests.push(address);
    });
    await page.goto(`file://${file}${options.hash ?? ""}`);
    await use({ page, errors, requests });
  } finally {
    await page?.close();
    await Deno.remove(folder, { recursive: true });
  }
}
