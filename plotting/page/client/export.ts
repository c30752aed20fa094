/**
 * Saves a picture as SVG or PNG, and any data as a file.
 *
 * Elements of the class `hit` are larger, invisible targets for the pointer. Saved pictures omit them.
 */

const COLOURS = ["fill", "stroke"];

const STYLED = [
  "fill",
  "stroke",
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

/** Attributes that have a meaning only inside the page. */
const FOR_READERS = /^(class|role|tabindex|aria-.*)$/;

/**
 * Returns the SVG as a file of its own: with every style inlined, on white or on the dark page's colour, without hidden helpers. Colours are
 * plain `#rrggbb`: browsers also return `color(srgb …)` and `rgba(…)`, which drawing programs read as black.
 * @param pageOnly more attributes that have a meaning only inside the page
 * @param heading lines above the picture: each a list of pieces of text, with their colours
 */
export function standaloneSvg(
  picture: SVGSVGElement,
  pageOnly: readonly string[] = [],
  heading: readonly HeadingLine[] = [],
): string {
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
      if (FOR_READERS.test(name) || pageOnly.includes(name)) element.removeAttribute(name);
    }
  });
  for (const helper of hits) helper.remove();
  for (const element of copy.querySelectorAll("[display=none], [opacity='0']")) element.remove();
  const { width, height } = picture.viewBox.baseVal;
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", String(width));
  paper.setAttribute("height", String(height));
  const dark = document.documentElement.dataset.theme === "dark";
  const ground = dark ? plainColour(getComputedStyle(document.body).backgroundColor) : "#ffffff";
  paper.setAttribute("fill", ground);
  copy.prepend(paper);
  if (heading.length > 0) addHeading(copy, paper, heading);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const name of ["class", "id", "role", "aria-label"]) copy.removeAttribute(name);
  return new XMLSerializer().serializeToString(copy);
}

/** A line of text above a saved picture. */
export interface HeadingLine {
  /** pixels */
  size: number;
  /** pieces of text; a CSS colour each, by default the page's ink */
  pieces: readonly { text: string; colour?: string }[];
}

/** Space around the heading, and between its lines as a multiple of their size. */
const HEADING = { left: 12, top: 10, line: 1.5 };

/** Makes room above the picture and writes the lines there. */
function addHeading(copy: SVGSVGElement, paper: SVGElement, lines: readonly HeadingLine[]): void {
  const { width, height } = copy.viewBox.baseVal;
  const room = 2 * HEADING.top + lines.reduce((sum, { size }) => sum + size * HEADING.line, 0);
  copy.setAttribute("viewBox", `0 ${-room} ${width} ${height + room}`);
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height + room));
  paper.setAttribute("y", String(-room));
  paper.setAttribute("height", String(height + room));
  const { color, fontFamily } = getComputedStyle(document.body);
  let y = HEADING.top - room;
  for (const { size, pieces } of lines) {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    y += size * HEADING.line;
    const about = { x: HEADING.left, y: y - size * 0.4, "font-size": size };
    for (const [name, value] of Object.entries(about)) text.setAttribute(name, String(value));
    text.setAttribute("font-family", fontFamily);
    for (const { text: words, colour = color } of pieces) {
      const piece = document.createElementNS("http://www.w3.org/2000/svg", "tspan");
      piece.setAttribute("fill", plainColour(colour));
      piece.textContent = words;
      text.append(piece);
    }
    copy.append(text);
  }
}

/** Returns `#rrggbb` for an opaque CSS colour and `none` for a transparent one. Leaves keywords unchanged. */
function plainColour(colour: string): string {
  if (!/^(rgb|color)/.test(colour)) return colour;
  const brush = new OffscreenCanvas(1, 1).getContext("2d")!;
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
  if (alpha === 0) return "none";
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** Returns the picture of `standaloneSvg` as PNG, at three times its size on the screen. */
export async function pngOf(
  picture: SVGSVGElement,
  pageOnly: readonly string[] = [],
  heading: readonly HeadingLine[] = [],
): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${
    encodeURIComponent(standaloneSvg(picture, pageOnly, heading))
  }`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * 3;
  canvas.height = image.height * 3;
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("the browser made no PNG")))
  );
}

/** Offers the reader a file to download. */
export function saveFile(name: string, parts: BlobPart[], type: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
