/**
 * Finds and starts a Chromium-based browser, for pictures of pages and for tests. Playwright is imported only when a
 * browser starts: its import takes longer than everything else that a command loads.
 */
import { isFile } from "../../utils/base/mod.ts";

/** A running browser, Playwright's type. */
export type Browser = Awaited<
  ReturnType<typeof import("playwright-core")["chromium"]["launch"]>
>;

const CANDIDATES: Record<string, string[]> = {
  // The headless shell comes first: it draws no window, and tests of pages take two thirds of the time.
  linux: [
    "/usr/bin/chromium-headless-shell",
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

/** No sandbox (it does not work for root), no window, no background traffic. */
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
 * Returns the path of the browser: the value of the environment variable CHROMIUM_PATH if set, otherwise the first one
 * found in the usual places. Returns undefined if that file does not exist or none is found.
 */
export function chromiumPath(): string | undefined {
  const named = Deno.env.get("CHROMIUM_PATH");
  const candidates = named ? [named] : CANDIDATES[Deno.build.os] ?? CANDIDATES.linux;
  return candidates.find(isFile);
}

/** Starts the browser at `executablePath` without a window. @throws Error if it does not start. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}
