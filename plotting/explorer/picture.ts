/**
 * Saves the circuit of an explorer page as SVG, PNG or PDF: opens the page in Chromium at a part of its address, and takes
 * what its own buttons save. A PDF is one page, as large as the picture, with its text as text.
 */
import { UserError } from "../../utils/base/mod.ts";
import { type Browser, chromiumPath, launchChromium } from "../page/mod.ts";

/** Formats of pictures. */
export type PictureFormat = "svg" | "png" | "pdf";

/** How the picture is made. */
export interface PictureOptions {
  /** part of the page's address that says what to show, e.g. "step=2048&pin=a1.h4" */
  view?: string;
  /** width of the page's window in pixels, which sets the size of the circuit; default 1500 */
  width?: number;
}

/**
 * Returns the picture of the circuit.
 * @param html a page of `buildExplorer`
 * @throws UserError if no browser is installed, or the page does not show a circuit.
 */
export async function circuitPicture(
  html: string,
  format: PictureFormat,
  { view = "", width = 1500 }: PictureOptions = {},
): Promise<string | Uint8Array> {
  const path = chromiumPath();
  if (path === undefined) {
    throw new UserError(
      `a ${format.toUpperCase()} of the circuit needs Chromium or Chrome; install it, or set CHROMIUM_PATH to its program`,
    );
  }
  const folder = await Deno.makeTempDir();
  const browser = await launchChromium(path);
  try {
    const file = `${folder}/page.html`;
    await Deno.writeTextFile(file, html);
    const page = await browser.newPage({
      viewport: { width, height: 1000 },
      colorScheme: "light",
      reducedMotion: "reduce",
    });
    await page.goto(`file://${file}#${view.replace(/^#/, "")}`);
    if (!await page.isVisible("#circuit")) {
      throw new UserError("found no circuit to draw: the run has not finished any checkpoint");
    }
    // until edges have faded in
    await page.waitForFunction(() =>
      document.body.classList.contains("ready") && document.getAnimations().length === 0 &&
      [...document.querySelectorAll<SVGElement>("#circuit .edge:not(.leaving)")]
        .every((edge) => edge.style.opacity === "")
    );
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click(format === "png" ? "#save-png" : "#save-svg"),
    ]);
    const saved = await Deno.readFile(await download.path());
    if (format === "png") return saved;
    const svg = new TextDecoder().decode(saved);
    return format === "svg" ? svg : await pdfOf(browser, svg);
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function pdfOf(browser: Browser, svg: string): Promise<Uint8Array> {
  const page = await browser.newPage();
  await page.setContent(`<style>html, body { margin: 0 } svg { display: block }</style>${svg}`);
  const { width, height } = await page.evaluate(() => {
    const box = document.querySelector("svg")!.getBoundingClientRect();
    return { width: `${Math.ceil(box.width)}px`, height: `${Math.ceil(box.height)}px` };
  });
  return await page.pdf({ width, height, printBackground: true, pageRanges: "1" });
}
