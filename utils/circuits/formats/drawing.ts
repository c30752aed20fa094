/**
 * Draws circuits as SVG and PNG with nothing to install: Graphviz runs as WebAssembly, resvg rasterises, and the font is
 * a package, so that labels look the same on machines without fonts.
 *
 * 1. `circuitDot` writes the graph.
 * 2. Graphviz makes an SVG with the edges under the nodes; we sort the edges by width, so that strong ones are on top.
 * 3. For a PNG, resvg draws the SVG with the packaged font only.
 *
 * Graphviz and resvg are loaded by the first picture: most commands draw none.
 */
import openSans from "@expo-google-fonts/open-sans/400Regular/OpenSans_400Regular.ttf" with {
  type: "bytes",
};
import type { CircuitEdge } from "../../results/mod.ts";
import { writeFileAtomic } from "../../base/mod.ts";
import { circuitDot, type DrawingOptions } from "./circuit_dot.ts";
import type { CircuitShape } from "../graph/mod.ts";

const FONT = "Open Sans";

/** Draws a circuit as SVG. @throws Error if an edge names a node that the model does not have. */
export async function drawCircuit(
  shape: CircuitShape,
  circuit: readonly CircuitEdge[],
  options: DrawingOptions = {},
): Promise<string> {
  const { dot, engine } = circuitDot(shape, circuit, options);
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  const svg = viz.renderString(dot, { format: "svg", engine });
  return strongEdgesOnTop(svg).replaceAll(
    `font-family="Helvetica,sans-Serif"`,
    `font-family="Helvetica,Arial,${FONT},sans-serif"`,
  );
}

/**
 * Converts an SVG to a PNG, without any font of the machine.
 *
 * @param scale pixels per CSS pixel; 2, the default, prints at about 200 dots per inch
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const fontFile = await Deno.makeTempFile({ suffix: ".ttf" });
  try {
    await Deno.writeFile(fontFile, openSans);
    const resvg = new Resvg(svg, {
      fitTo: { mode: "zoom", value: scale },
      font: {
        loadSystemFonts: false,
        fontFiles: [fontFile],
        defaultFontFamily: FONT,
        sansSerifFamily: FONT,
      },
    });
    return resvg.render().asPng();
  } finally {
    await Deno.remove(fontFile);
  }
}

/**
 * Writes the picture of a circuit atomically, as SVG or PNG by the ending of the path.
 * @throws Error if the path has another ending or an edge names a node that the model does not have; WriteError if the
 *   file cannot be written.
 */
export async function writeCircuitPicture(
  path: string,
  shape: CircuitShape,
  circuit: readonly CircuitEdge[],
  options: DrawingOptions = {},
): Promise<void> {
  if (!/\.(svg|png)$/.test(path)) {
    throw new Error(`expected the path of a picture to end in .svg or .png, found ${path}`);
  }
  const svg = await drawCircuit(shape, circuit, options);
  await writeFileAtomic(path, path.endsWith(".svg") ? svg : await svgToPng(svg));
}

/** Sorts edges by ascending width, the order in which SVG paints them; Graphviz lists them node by node. */
function strongEdgesOnTop(svg: string): string {
  const pattern = /<!-- [^\n]* -->\n<g id="edge\d+" class="edge">\n[^]*?<\/g>\n/g;
  const edges = svg.match(pattern) ?? [];
  const width = (edge: string) => Number(/stroke-width="([\d.]+)"/.exec(edge)?.[1] ?? 1);
  const ordered = edges.toSorted((a, b) => width(a) - width(b));
  let next = 0;
  return svg.replace(pattern, () => ordered[next++]);
}
