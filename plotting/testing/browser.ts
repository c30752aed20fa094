/**
 * Runs tests in headless Chromium: one browser per test file (a new one if it is killed) and one page per test. Collects every console error.
 * Tests use `browserTest`, which skips them if there is no browser.
 */
import type { Browser, Page } from "playwright-core";
import { chromiumPath, launchChromium } from "../page/mod.ts";

let browser: Browser | undefined;

Deno.test.afterAll(async () => {
  await browser?.close();
  browser = undefined;
});

/** Registers a test that needs the browser. The browser outlives the test, so Deno must not check for leaks. */
export function browserTest(name: string, fn: () => Promise<void>) {
  const ignore = chromiumPath() === undefined;
  Deno.test({ name, ignore, fn, sanitizeOps: false, sanitizeResources: false });
}

/**
 * Waits until the page's address, decoded, contains `part`: pages write their state there some time after an action, and
 * Playwright hears of it later still. Throws with the address found after `timeoutMs` milliseconds.
 */
export async function waitForAddress(page: Page, part: string, timeoutMs = 15_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!decodeURIComponent(page.url()).includes(part)) {
    if (Date.now() > until) {
      throw new Error(`the address does not contain ${part} after ${timeoutMs} ms: ${page.url()}`);
    }
    await new Promise((done) => setTimeout(done, 25));
  }
}

export interface OpenPage {
  page: Page;
  /** console errors and uncaught exceptions so far */
  errors: string[];
  /** addresses requested, except the page itself and data inside it */
  requests: string[];
}

/**
 * Opens `html` from a file, as a reader would, and passes it to `use`. Closes the page and deletes the file after. An
 * address is opened as it is; requests of its server are then no requests.
 */
export async function withPage(
  html: string | URL,
  use: (open: OpenPage) => Promise<void>,
  options: { hash?: string; width?: number; dark?: boolean } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  let page: Page | undefined;
  try {
    const file = `${folder}/page.html`;
    if (typeof html === "string") await Deno.writeTextFile(file, html);
    const origin = html instanceof URL ? html.origin : "file://";
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
      if (!/^(file|data|blob):/.test(address) && !address.startsWith(origin)) {
        requests.push(address);
      }
    });
    const address = html instanceof URL ? html.href : `file://${file}`;
    await page.goto(`${address}${options.hash ?? ""}`);
    await use({ page, errors, requests });
  } finally {
    await page?.close();
    await Deno.remove(folder, { recursive: true });
  }
}
