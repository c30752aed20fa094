/** Says how an edge passes from its source to its target: directly, or through which heads. */
import { percent } from "../../page/client/mod.ts";
import type { EdgeSplit } from "../page_data.ts";

/** A part of an edge's mean share. */
export interface EdgePart {
  /** `direct`, `a2.h3`, or `other heads` */
  name: string;
  part: number;
  /** |part| relative to the sum of all |parts| */
  weight: number;
}

/** Smallest part of the sum that is named in a line. */
const NAMED = 0.1;

/** Returns the parts of a share, largest first; what the results leave out is one part. */
export function partsOf(share: number, { direct, heads }: EdgeSplit): EdgePart[] {
  const parts = [{ name: "direct", part: direct }];
  let rest = share - direct;
  for (let i = 0; i < heads.length; i += 3) {
    parts.push({ name: `a${heads[i]}.h${heads[i + 1]}`, part: heads[i + 2] });
    rest -= heads[i + 2];
  }
  parts.push({ name: "other heads", part: rest });
  const sum = parts.reduce((total, { part }) => total + Math.abs(part), 0);
  // numbers have three digits, so a smaller rest may be rounding
  return parts.map((each) => ({ ...each, weight: sum === 0 ? 0 : Math.abs(each.part) / sum }))
    .filter(({ name, weight }) => weight >= (name === "other heads" ? 0.01 : 0.001))
    .sort((a, b) => b.weight - a.weight);
}

const words = ({ name, weight }: EdgePart) => `${name} ${percent(weight)}`;

/** Says the largest part: `a2.h3 70 %`. */
export function largestPart([largest]: readonly EdgePart[]): string {
  return largest ? words(largest) : "–";
}

/** Says the main parts: `through a2.h3 70 %, direct 20 %`. */
export function throughWords(parts: readonly EdgePart[]): string {
  const named = parts.filter(({ weight }, i) => i === 0 || weight >= NAMED);
  return named.map((part) => part.name.startsWith("a") ? `through ${words(part)}` : words(part))
    .join(", ") || "–";
}
