/**
 * Plotly figures as self-contained pages (the library is inside the file) and, through a headless Chromium, as SVG or
 * PNG. All figures share one look: quiet axes, no box, light and dark by the reader's system.
 */
import { dirname, extname } from "@std/path";
import { chromium } from "playwright-core";
import { writeFileAtomic } from "../../utils/experiment/files.ts";
import { UserError } from "../../utils/experiment/user_error.ts";
import { chromiumPath } from "../page/chromium.ts";

export type Trace = Record<string, unknown>;

export interface Figure {
  title: string;
  /** a sentence or two under the title; plain text */
  caption: string;
  data: Trace[];
  layout: Record<string, unknown>;
  /** pixels of the static picture; the page takes the width of its window */
  width: number;
  height: number;
}

/** A page narrower than this part of the picture's width scrolls sideways: its titles and labels would lie over each other. */
const NARROWEST = 0.72;

const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #fcfcfa; --ink: #1d2126; --soft: #6a7079; }
@media (prefers-color-scheme: dark) { :root { --paper: #131519; --ink: #e8e7e3; --soft: #979ca5; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.5 "Inter", "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 30px 32px; }
h1 { margin: 0; font: 400 27px/1.2 Charter, "Bitstream Charter", "Iowan Old Style", Georgia, "Times New Roman", serif; }
.frame { overflow-x: auto; }
p { margin: 6px 0 14px; max-width: 860px; color: var(--soft); }
`;

/** Runs in the page: draws the figure in the colours of the reader's system, and again when those change. */
const PAGE_SCRIPT = `
const figure = JSON.parse(document.getElementById("figure").textContent);
const scheme = matchMedia("(prefers-color-scheme: dark)");
function themed(layout, dark) {
  const ink = dark ? "#e8e7e3" : "#1d2126", soft = dark ? "#979ca5" : "#6a7079";
  const hair = dark ? "#282c33" : "#e6e6e1", line = dark ? "#5d636c" : "#a9aeb5";
  const result = { ...layout, font: { ...layout.font, color: soft } };
  result.paper_bgcolor = result.plot_bgcolor = dark ? "#131519" : "#fcfcfa";
  for (const key of Object.keys(layout)) {
    if (!/^[xy]axis/.test(key)) continue;
    result[key] = { gridcolor: hair, linecolor: line, tickcolor: line, zerolinecolor: line, ...layout[key] };
  }
  result.annotations = (layout.annotations || []).map((a) => ({ ...a, font: { color: a.name === "title" ? ink : soft, ...a.font } }));
  return result;
}
window.draw = (dark) => Plotly.react("plot", figure.data, themed(figure.layout, dark), { responsive: true, displaylogo: false });
scheme.addEventListener("change", () => draw(scheme.matches));
window.drawn = draw(scheme.matches);
`;

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The page as a string, about 1.5 MB because of the library inside. */
export function plotlyPage(figure: Figure): string {
  const library = Deno.readTextFileSync(
    new URL(import.meta.resolve("plotly.js-cartesian-dist-min")),
  );
  const data = JSON.stringify({ data: figure.data, layout: figure.layout })
    .replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(figure.title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(figure.title)}</h1>
<p>${escapeHtml(figure.caption)}</p>
<div class="frame"><div id="plot" style="height:${figure.height}px;min-width:${
    Math.round(NARROWEST * figure.width)
  }px"></div></div>
</main>
<script id="figure" type="application/json">${data}</script>
<script>${library.replaceAll("</script", "<\\/script")}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/**
 * The figure as SVG text or PNG bytes (twice the size), in light colours on white, so that it is no box on the paper.
 * Throws a UserError when no browser is found.
 */
export async function plotlyImage(
  figure: Figure,
  format: "svg" | "png",
): Promise<string | Uint8Array> {
  const executablePath = chromiumPath();
  if (!executablePath) {
    throw new UserError(
      `a picture in ${format.toUpperCase()} needs Chromium or Chrome, and none was found in the ` +
        `usual places; install one, name it in CHROMIUM_PATH, or write an .html page instead`,
    );
  }
  const folder = await Deno.makeTempDir();
  const browser = await chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  try {
    const file = `${folder}/figure.html`;
    await Deno.writeTextFile(file, plotlyPage(figure));
    const page = await browser.newPage({ colorScheme: "light" });
    await page.goto(`file://${file}`);
    const address = await page.evaluate(async ([format, width, height]) => {
      // deno-lint-ignore no-explicit-any
      const scope = globalThis as any;
      await scope.drawn;
      await scope.Plotly.relayout("plot", { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" });
      return await scope.Plotly.toImage("plot", {
        format,
        width,
        height,
        scale: format === "png" ? 2 : 1,
      }) as string;
    }, [format, figure.width, figure.height] as const);
    const body = address.slice(address.indexOf(",") + 1);
    if (format === "svg") return decodeURIComponent(body);
    return Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes the figure in the form its file name asks for: .html, .svg or .png. */
export async function saveFigure(figure: Figure, file: string): Promise<void> {
  const kind = extname(file).toLowerCase();
  if (kind !== ".html" && kind !== ".svg" && kind !== ".png") {
    throw new UserError(`expected an output ending in .html, .svg or .png, found "${file}"`);
  }
  const content = kind === ".html"
    ? plotlyPage(figure)
    : await plotlyImage(figure, kind.slice(1) as "svg" | "png");
  await Deno.mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, content);
}
