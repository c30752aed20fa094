/** Draws the marks of a node as SVG paths around its centre. */
import type { Life } from "../run_index.ts";

function cross(d: number): string {
  return `M${f(-d)} ${f(-d)}L${f(d)} ${f(d)}M${f(-d)} ${f(d)}L${f(d)} ${f(-d)}`;
}

const f = (x: number) => x.toFixed(2);

function circle(r: number): string {
  return `M${f(-r)} 0A${f(r)} ${f(r)} 0 1 1 ${f(r)} 0A${f(r)} ${f(r)} 0 1 1 ${f(-r)} 0Z`;
}

/**
 * Returns the body: a disc, a diamond for a negative effect, a square for the coders' error; a small circle outside the
 * circuit, a dot before birth, a cross after death.
 */
export function nodeShape(life: Life, isError: boolean, negative: boolean, r: number): string {
  if (life === "unborn") return circle(0.9);
  if (life === "dead") return cross(r * 0.34);
  if (life === "out") return circle(r * 0.5);
  if (isError) return `M${f(-r)} ${f(-r)}H${f(r)}V${f(r)}H${f(-r)}Z`;
  const d = r * 1.25;
  return negative ? `M0 ${f(-d)}L${f(d)} 0L0 ${f(d)}L${f(-d)} 0Z` : circle(r);
}

/** Returns the ring of a birth. */
export function ringShape(r: number): string {
  return circle(r * 1.42);
}

/** Returns an arc from twelve o'clock: how far the decoder row turned. @param degrees 0 to 180 */
export function turnShape(degrees: number, r: number): string {
  const R = r * 1.42, angle = degrees * Math.PI / 180;
  return `M0 ${f(-R)}A${f(R)} ${f(R)} 0 ${degrees > 180 ? 1 : 0} 1 ${f(R * Math.sin(angle))} ${
    f(-R * Math.cos(angle))
  }`;
}
