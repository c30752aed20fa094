/** Saving what is on the screen: the circuit as SVG or PNG, and as JSON in EAP-IG's graph format. */
import type { CircuitSummary } from "../../../utils/results/kinds/circuit_summary.ts";
import { edgeName, type Shape } from "./names.ts";

const COLOURS = ["fill", "stroke"];

const STYLED = [
  ...COLOURS,
  "fill-opacity",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "display",
];

/** Attributes that mean something in the page only. */
const FOR_READERS = /^(class|role|tabindex|aria-.*|data-role)$/;

/**
 * The SVG by itself: every style written into the elements, background included, hidden helpers left out. Colours are
 * plain `#rrggbb`: a browser also gives `color(srgb …)` and `rgba(…)`, which programs for drawing take for black.
 */
export function standaloneSvg(picture: SVGSVGElement): string {
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const originals = picture.querySelectorAll<SVGElement>("*");
  const hits = [...copy.querySelectorAll(".hit")];
  copy.querySelectorAll<SVGElement>("*").forEach((element, i) => {
    const style = getComputedStyle(originals[i]);
    element.removeAttribute("style");
    for (const name of STYLED) element.setAttribute(name, style.getPropertyValue(name));
    for (const name of COLOURS) {
      element.setAttribute(name, plainColour(element.getAttribute(name)!));
    }
    for (const name of [...element.getAttributeNames()]) {
      if (FOR_READERS.test(name)) element.removeAttribute(name);
    }
  });
  for (const helper of hits) helper.remove();
  for (const element of copy.querySelectorAll("[display=none], [opacity='0']")) element.remove();
  const { width, height } = picture.viewBox.baseVal;
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", String(width));
  paper.setAttribute("height", String(height));
  paper.setAttribute("fill", plainColour(getComputedStyle(document.body).backgroundColor));
  copy.prepend(paper);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const name of ["class", "id", "role", "aria-label"]) copy.removeAttribute(name);
  return new XMLSerializer().serializeToString(copy);
}

/** `#rrggbb` of an opaque CSS colour, `none` of a transparent one; `none` and the like as they are. */
function plainColour(colour: string): string {
  if (!/^(rgb|color)/.test(colour)) return colour;
  const brush = new OffscreenCanvas(1, 1).getContext("2d")!;
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
  if (alpha === 0) return "none";
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** PNG at three times the size on the screen. */
export async function pngOf(picture: SVGSVGElement): Promise<Blob> {
  const { width, height } = picture.viewBox.baseVal;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standaloneSvg(picture))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * 3;
  canvas.height = height * 3;
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("no PNG was made")))
  );
}

/** Names of all edges of a model, in the order of EAP-IG's files. */
export function* allEdgeNames(shape: Shape): Generator<string> {
  const before = ["input"];
  for (let layer = 0; layer < shape.nLayers; layer++) {
    const heads = Array.from({ length: shape.nHeads }, (_, head) => `a${layer}.h${head}`);
    for (const source of before) {
      for (const head of heads) {
        for (const letter of "qkv") yield `${source}->${head}<${letter}>`;
      }
      if (shape.parallel) yield `${source}->m${layer}`;
    }
    if (!shape.parallel) {
      for (const source of [...before, ...heads]) yield `${source}->m${layer}`;
    }
    before.push(...heads, `m${layer}`);
  }
  for (const source of before) yield `${source}->logits`;
}

/**
 * The circuit as EAP-IG's graph JSON, in pieces (a 2.8b model has 1.6 million edges). All edges are named, since its
 * loader keeps in the circuit what a file does not mention; edges outside the circuit have score 0 here, because the
 * summary does not hold their scores.
 */
export function graphJson(summary: CircuitSummary, index: number, nodes: string[]): string[] {
  const { shape, checkpoints } = summary;
  const { circuit, nodes: inside } = checkpoints[index];
  const scores = new Map(circuit.map((edge) => [edgeName(edge), edge.score]));
  const members = new Set(inside);
  const config = {
    n_layers: shape.nLayers,
    n_heads: shape.nHeads,
    parallel_attn_mlp: shape.parallel,
  };
  const flags = Object.fromEntries(nodes.map((name) => [name, members.has(name)]));
  const pieces = [
    `{"cfg": ${JSON.stringify(config)}, "nodes": ${JSON.stringify(flags)}, "edges": {`,
  ];
  let separator = "";
  for (const name of allEdgeNames(shape)) {
    const score = scores.get(name);
    pieces.push(
      `${separator}"${name}": {"score": ${score ?? 0}, "in_graph": ${score !== undefined}}`,
    );
    separator = ", ";
  }
  pieces.push("}}");
  return pieces;
}

/** Hands a file to the reader. */
export function saveFile(name: string, parts: BlobPart[], type: string) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
