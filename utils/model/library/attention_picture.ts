/** Draws attention patterns as an SVG: one square per head, queries down, keys across, with the tokens at the edges. */
import type { Tensor } from "../../onnx/mod.ts";

const CELL = 16, LEFT = 90, TOP = 100, GAP = 24, COLUMNS = 4;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/**
 * Returns the attention of all heads of a layer on one prompt as SVG text. From white (0) to dark blue (1);
 * the mouse shows tokens and share.
 * @param pattern pattern `[batch, H, pos, keys]` of a layer (`attn.hook_pattern`)
 * @param tokens text of each token (`toStringTokens`)
 * @param prompt which prompt of the batch; default 0
 * @throws RangeError if the prompt does not exist or has another number of tokens than `tokens`.
 */
export function attentionPicture(
  { data, shape }: Tensor<Float32Array>,
  tokens: readonly string[],
  prompt = 0,
): string {
  const [batch, heads, pos, keys] = shape, n = tokens.length;
  if (shape.length !== 4 || !(prompt >= 0 && prompt < batch) || n > pos || pos !== keys) {
    throw new RangeError(`prompt ${prompt} of ${n} tokens: the pattern has shape [${shape}]`);
  }
  const names = tokens.map((token) => escaped(token.trim() || "␣"));
  const wide = LEFT + n * CELL + GAP, high = TOP + n * CELL + GAP;
  const columns = Math.min(COLUMNS, heads), rows = Math.ceil(heads / columns);
  const parts: string[] = [];
  for (let h = 0; h < heads; h++) {
    const x = (h % columns) * wide + LEFT, y = Math.floor(h / columns) * high + TOP;
    parts.push(`<text x="${x - LEFT + 8}" y="${y - TOP + 18}" font-weight="bold">head ${h}</text>`);
    names.forEach((name, i) => {
      const [right, down] = [x + (i + 0.7) * CELL, y + (i + 0.7) * CELL];
      parts.push(`<text x="${x - 4}" y="${down}" text-anchor="end">${name}</text>`);
      parts.push(
        `<text transform="translate(${right} ${y - 4}) rotate(-90)">${name}</text>`,
      );
    });
    for (let q = 0; q < n; q++) {
      for (let k = 0; k <= q; k++) {
        const share = data[((prompt * heads + h) * pos + q) * keys + k];
        const mark = `fill="#08519c" fill-opacity="${share.toFixed(3)}" stroke="#e3e6ea"`;
        const said = `<title>${names[q]} → ${names[k]}: ${share.toFixed(2)}</title>`;
        const place = `x="${x + k * CELL}" y="${y + q * CELL}" width="${CELL}" height="${CELL}"`;
        parts.push(`<rect ${place} ${mark}>${said}</rect>`);
      }
    }
  }
  const size = `width="${columns * wide}" height="${rows * high}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">` +
    `<rect width="100%" height="100%" fill="#ffffff"/>${parts.join("")}</svg>\n`;
}
