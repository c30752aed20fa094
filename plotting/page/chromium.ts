/**
 * Finds and starts a Chromium-like browser, for pictures of pages and for tests. Playwright is loaded when a browser
 * starts, not before: its import takes longer than all else that a command loads.
 */
import { isFile } from "../../utils/base/files.ts";

/** A running browser, as Playwright gives it. */
export type Browser = Awaited<
  ReturnType<typeof import("playwright-core")["chromium"]["launch"]>
>;

const CANDIDATES: Record<string, string[]> = {
  linux: [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/snap/bin/chromium",
  ],
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  ],
  windows: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ],
};

/** No sandbox (it does not work for root), no window, no traffic of the browser's own. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Returns the path of the browser: the one that the environment variable CHROMIUM_PATH names, else the first in the
 * usual places; undefined when there is none.
 */
export function chromiumPath(): string | undefined {
  const named = Deno.env.get("CHROMIUM_PATH");
  const candidates = named ? [named] : CANDIDATES[Deno.build.os] ?? CANDIDATES.linux;
  return candidates.find(isFile);
}

/** Starts the browser at `executablePath` without a window. @throws Error when it does not start. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}
