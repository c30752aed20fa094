/**
 * Conservation: the edges into a node, those of bias nodes included, add up to its value. It holds exactly in real numbers, so
 * what is left is rounding, and it is the test of every graph.
 */
import type { AttributionGraph } from "./graph.ts";

/** What a graph's rows add up to. */
export interface Conservation {
  /** largest |Σ edges − value| of a row, divided by the largest |value| of all rows */
  ofLargest: number;
  /** largest |Σ edges − value| of a row, divided by the row's own Σ |edges| */
  ofOwn: number;
}

/** Returns how far rows are from adding up to their values. Sums run in double precision. */
export function conservation({ edges, values, columns }: AttributionGraph): Conservation {
  let difference = 0, largest = 0, ofOwn = 0;
  for (const [r, value] of values.entries()) {
    let sum = 0, size = 0;
    for (let i = r * columns; i < (r + 1) * columns; i++) {
      sum += edges[i];
      size += Math.abs(edges[i]);
    }
    const d = Math.abs(sum - value);
    difference = Math.max(difference, d);
    largest = Math.max(largest, Math.abs(value));
    ofOwn = Math.max(ofOwn, size === 0 ? d : d / size);
  }
  return { ofLargest: largest === 0 ? difference : difference / largest, ofOwn };
}
