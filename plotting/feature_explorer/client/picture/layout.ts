/**
 * Gives every slot a place that it keeps at all checkpoints: columns are roles, rows are layers. Within a cell, slots are in the
 * order in which they join the circuit. Columns with more slots are wider.
 */
import type { FeatureRun } from "../../page_data.ts";

/** A point of the picture. */
export interface Place {
  x: number;
  y: number;
}

/** Places of everything in the picture. */
export interface Layout {
  width: number;
  height: number;
  /** by slot */
  slots: Place[];
  /** by role */
  tokens: Place[];
  /** the metric */
  out: Place;
  columns: { role: string; left: number; right: number }[];
  /** layer 0 first */
  rows: { layer: number; top: number; bottom: number }[];
  /** of a node */
  radius: number;
}

const LEFT = 28;
const TOP = 34;
const GAP = 18;
const FEWEST = 3;
/** Distances between neighbours in a cell, largest first. */
const PITCHES = [22, 20, 18, 16, 15];
/** Height in pixels above which a smaller distance is tried. */
const TALLEST = 600;

/** Places all slots, as large as fits. @param width of the picture in pixels */
export function layOut(run: FeatureRun, width: number): Layout {
  let layout = layOutAt(run, width, PITCHES[0]);
  for (const pitch of PITCHES.slice(1)) {
    if (layout.height <= TALLEST) break;
    layout = layOutAt(run, width, pitch);
  }
  return layout;
}

function layOutAt(run: FeatureRun, width: number, largest: number): Layout {
  const { roles, layers } = run;
  const cells = roles.map(() => Array.from({ length: layers }, (): number[] => []));
  for (const slot of joiningOrder(run)) {
    const { layer, role } = run.slots[slot];
    cells[role][layer].push(slot);
  }
  const free = width - LEFT - GAP * (roles.length - 1) - 6;
  const most = cells.map((column) => Math.max(0, ...column.map((cell) => cell.length)));
  const fewest = most.map((count) => Math.max(2, Math.min(FEWEST, count)));
  const pitch = Math.max(6, Math.min(largest, free / fewest.reduce((a, b) => a + b, 0)));
  const across = shareOut(most, fewest, Math.floor(free / pitch));
  const rows: Layout["rows"] = [];
  let y = TOP;
  for (let layer = layers - 1; layer >= 0; layer--) {
    const lines = Math.max(
      2,
      ...cells.map((column, r) => Math.ceil(column[layer].length / across[r])),
    );
    rows.unshift({ layer, top: y, bottom: y + lines * pitch });
    y += lines * pitch + 22;
  }
  const slots: Place[] = [];
  const columns: Layout["columns"] = [];
  const extra = Math.max(0, free - across.reduce((a, b) => a + b, 0) * pitch) / roles.length;
  let x = LEFT;
  roles.forEach((role, r) => {
    const right = x + across[r] * pitch + extra;
    columns.push({ role, left: x, right });
    cells[r].forEach((cell, layer) => {
      const { top, bottom } = rows[layer];
      const lines = Math.ceil(cell.length / across[r]);
      const start = (top + bottom - lines * pitch) / 2;
      const used = Math.min(cell.length, across[r]);
      const first = (x + right - used * pitch) / 2;
      cell.forEach((slot, i) => {
        slots[slot] = {
          x: first + (i % across[r] + 0.5) * pitch,
          y: start + (Math.floor(i / across[r]) + 0.5) * pitch,
        };
      });
    });
    x = right + GAP;
  });
  const last = columns.at(-1);
  return {
    width,
    height: y + 40,
    slots,
    tokens: columns.map(({ left, right }) => ({ x: (left + right) / 2, y: y + 6 })),
    out: { x: Math.min(width - 29, last ? (last.left + last.right) / 2 : width / 2), y: 12 },
    columns,
    rows,
    radius: pitch * 0.34,
  };
}

/** Returns the slots in the order in which they join a circuit, those of one checkpoint by the size of their effect. */
function joiningOrder({ slots, checkpoints }: FeatureRun): number[] {
  const first = new Map<number, [number, number]>();
  checkpoints.forEach(({ circuit }, t) => {
    for (const { slot, effect } of circuit?.nodes ?? []) {
      if (!first.has(slot)) first.set(slot, [t, Math.abs(effect[0])]);
    }
  });
  const key = (slot: number) => first.get(slot) ?? [checkpoints.length, 0];
  return slots.map((_, slot) => slot).sort((a, b) => {
    const [s, x] = key(a), [t, y] = key(b);
    return s - t || y - x || a - b;
  });
}

/** Returns how many nodes each column has side by side: one more goes to the column with the most lines. */
function shareOut(
  most: readonly number[],
  fewest: readonly number[],
  total: number,
): number[] {
  const across = [...fewest];
  for (let left = total - fewest.reduce((a, b) => a + b, 0); left > 0; left--) {
    const lines = most.map((count, r) => count / across[r]);
    const r = lines.indexOf(Math.max(...lines));
    if (lines[r] <= 1) break;
    across[r]++;
  }
  return across;
}

/** Returns the place of an end of an edge. */
export function placeOf(layout: Layout, end: string): Place {
  if (end === "out") return { x: layout.out.x, y: layout.out.y + 9 };
  const number = Number(end.slice(1));
  return end.startsWith("t") ? layout.tokens[number] : layout.slots[number];
}

/** Returns the path of an edge, from below to above. */
export function edgePath(layout: Layout, source: string, target: string): string {
  const a = placeOf(layout, source), b = placeOf(layout, target);
  const bend = Math.max(16, Math.abs(a.y - b.y) * 0.45);
  const f = (x: number) => x.toFixed(1);
  return `M${f(a.x)} ${f(a.y)}C${f(a.x)} ${f(a.y - bend)} ${f(b.x)} ${f(b.y + bend)} ${f(b.x)} ${
    f(b.y)
  }`;
}
