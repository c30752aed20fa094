/**
 * Labels points of a scatter plot without overlap. Takes points in the given order. Puts each label at the first of
 * right, left, above and below where it overlaps neither a label nor another point. A point without a free side gets
 * no label (its tooltip still names it).
 */

export type LabelPosition = "middle right" | "middle left" | "top center" | "bottom center";

/** A box in pixels, with y upwards. */
type Box = [left: number, bottom: number, right: number, top: number];

/** Pixels: height of a line of small text, and mean width of its characters. */
const LINE = 12, CHARACTER = 5.8;

function boxAt(x: number, y: number, width: number, radius: number, at: LabelPosition): Box {
  const space = radius + 1;
  switch (at) {
    case "middle right":
      return [x + space, y - LINE / 2, x + space + width, y + LINE / 2];
    case "middle left":
      return [x - space - width, y - LINE / 2, x - space, y + LINE / 2];
    case "top center":
      return [x - width / 2, y + space, x + width / 2, y + space + LINE];
    case "bottom center":
      return [x - width / 2, y - space - LINE, x + width / 2, y - space];
  }
}

const meet = (a: Box, b: Box) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/**
 * Returns the positions of labels; undefined for points without one.
 * @param points in pixels from the bottom left corner
 * @param wanted indices of the points to label, most important first
 * @param radius of the points' marks, in pixels
 * @param frame width and height in pixels; labels stay inside
 */
export function placeLabels(
  points: readonly { x: number; y: number; text: string }[],
  wanted: readonly number[],
  radius: number,
  frame: { width: number; height: number },
): (LabelPosition | undefined)[] {
  const marks = points.map(({ x, y }): Box => [x - radius, y - radius, x + radius, y + radius]);
  const placed: Box[] = [];
  const result = new Array<LabelPosition | undefined>(points.length).fill(undefined);
  for (const i of wanted) {
    const { x, y, text } = points[i];
    for (const at of ["middle right", "middle left", "top center", "bottom center"] as const) {
      const box = boxAt(x, y, CHARACTER * text.length, radius, at);
      const inside = box[0] >= 0 && box[1] >= 0 && box[2] <= frame.width && box[3] <= frame.height;
      const free = inside && !placed.some((other) => meet(box, other)) &&
        !marks.some((mark, k) => k !== i && meet(box, mark));
      if (!free) continue;
      placed.push(box);
      result[i] = at;
      break;
    }
  }
  return result;
}
