/**
 * Writes Plotly figures as self-contained pages (the library is inside the file) and, through a headless Chromium, as
 * SVG, PNG or PDF. All figures look the same: quiet axes, no box, light or dark as the reader's system.
 */
import { dirname, extname } from "@std/path";
import { UserError, writeFileAtomic } from "../../utils/base/mod.ts";
import { withTicks } from "./adjusted.ts";
import type { Figure } from "./figure.ts";
import {
  type Browser,
  buildPage,
  chromiumPath,
  escapeHtml,
  KIT_STYLES,
  launchChromium,
} from "../page/mod.ts";

/** Below this fraction of the picture's width titles and labels would overlap, so the page scrolls sideways instead. */
const NARROWEST = 0.9;

/** Returns the page of a figure: about 1.5 MB, because it contains Plotly. */
export function plotlyPage(given: Figure): string {
  const figure = withTicks(given);
  const library = new URL(import.meta.resolve("plotly.js-cartesian-dist-min"));
  const least = Math.round(NARROWEST * figure.width);
  return buildPage({
    title: figure.title,
    styles: [KIT_STYLES.theme, new URL("./plotly_page.css", import.meta.url)],
    body: `<main>
<h1>${escapeHtml(figure.title)}</h1>
<p>${escapeHtml(figure.caption)}</p>
<div class="frame"><div id="plot" style="height:${figure.height}px;min-width:${least}px"></div></div>
</main>`,
    data: { figure: { data: figure.data, layout: figure.layout } },
    libraries: [Deno.readTextFileSync(library)],
    script: new URL("./plotly_client.ts", import.meta.url),
  });
}

/**
 * Returns the figure as SVG text, PNG bytes (twice the size) or PDF bytes (one page, text as text), in light colours on white, so that it does not look
 * like a box on a white sheet.
 * @throws UserError if it finds no browser.
 */
export async function plotlyImage(
  figure: Figure,
  format: "svg" | "png" | "pdf",
): Promise<string | Uint8Array> {
  const executablePath = chromiumPath();
  if (!executablePath) {
    throw new UserError(
      `${format.toUpperCase()} output needs Chromium or Chrome, found neither in the usual places; ` +
        `install one, set CHROMIUM_PATH to its path, or write .html instead`,
    );
  }
  const folder = await Deno.makeTempDir();
  const browser = await launchChromium(executablePath);
  try {
    const file = `${folder}/figure.html`;
    await Deno.writeTextFile(file, plotlyPage(figure));
    const page = await browser.newPage({ colorScheme: "light" });
    await page.goto(`file://${file}`);
    const note = linesOf(figure.note ?? "", figure.width / 6.2);
    const address = await page.evaluate(
      async ([format, width, height, heading, note]) => {
        // deno-lint-ignore no-explicit-any
        const scope = globalThis as any;
        await scope.drawn;
        const white = { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" };
        const { layout } = scope.document.getElementById("plot");
        const { size } = layout.font;
        const room = (heading ? 2.4 * size : 0.8 * size) + 1.4 * size * note.length;
        await scope.Plotly.relayout("plot", {
          ...white,
          ...((heading || note.length > 0) && {
            title: {
              text: heading ?? "",
              subtitle: { text: note.join("<br>"), font: { size, color: "#1d2126" } },
              ...{ xref: "paper", x: 0, xanchor: "left" },
              ...{ yref: "container", y: 1, yanchor: "top", pad: { t: size * 0.7 } },
              font: { size: size * 1.35, color: "#1d2126" },
            },
            "margin.t": layout.margin.t + room,
          }),
        });
        return await scope.Plotly.toImage("plot", {
          format,
          width,
          height,
          scale: format === "png" ? 2 : 1,
        }) as string;
      },
      [
        format === "png" ? "png" : "svg",
        figure.width,
        figure.height,
        figure.heading,
        note,
      ] as const,
    );
    const body = address.slice(address.indexOf(",") + 1);
    if (format === "svg") return decodeURIComponent(body);
    if (format === "pdf") return await pdfOf(browser, decodeURIComponent(body), figure);
    return Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns a text in lines of at most `most` characters, escaped for Plotly. */
function linesOf(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= most) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(escapeHtml);
}

/** Returns a PDF of one page, as large as the picture on it. */
async function pdfOf(
  browser: Browser,
  svg: string,
  { width, height }: Pick<Figure, "width" | "height">,
): Promise<Uint8Array> {
  const page = await browser.newPage();
  await page.setContent(`<style>html, body { margin: 0 } svg { display: block }</style>${svg}`);
  const sizes = { width: `${width}px`, height: `${height}px` };
  return await page.pdf({ ...sizes, printBackground: true, pageRanges: "1" });
}

/**
 * Writes the figure in the format of the file's extension: .html, .svg, .png or .pdf.
 * @throws UserError for another extension, or if a picture needs a browser and there is none.
 */
export async function saveFigure(figure: Figure, file: string): Promise<void> {
  const kind = extname(file).toLowerCase();
  if (![".html", ".svg", ".png", ".pdf"].includes(kind)) {
    throw new UserError(
      `expected an output file with the extension .html, .svg, .png or .pdf, found "${file}"`,
    );
  }
  const content = kind === ".html"
    ? plotlyPage(figure)
    : await plotlyImage(figure, kind.slice(1) as "svg" | "png" | "pdf");
  await Deno.mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, content);
}
