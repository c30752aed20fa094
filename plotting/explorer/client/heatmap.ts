/**
 * Shows how similar the circuits of any two checkpoints are: the Jaccard similarity of their edges or nodes, or, if
 * measured, the faithfulness of one step's circuit inside the model of another step. It draws on a canvas because 154
 * checkpoints make 23,716 cells.
 */
import {
  byId,
  gapsOf,
  hatched,
  hideTooltip,
  html,
  integer,
  percent,
  shortStep,
  showTooltip,
  svg,
  themeValue,
  titled,
} from "../../page/client/mod.ts";
import { jaccardMatrix } from "./circuit_math.ts";
import { edgeName } from "../../../utils/names/mod.ts";
import type { ShownSummary } from "./shown.ts";
import { nearestIndex, type State, type Store } from "./state.ts";

interface Matrix {
  steps: number[];
  /** null where the model of one of the steps does not do the task */
  values: (number | null)[][];
  rowText: string;
  columnText: string;
  note: string;
}

const PAD = { left: 58, top: 6, bottom: 34, right: 6 };

export function createHeatmap(summary: ShownSummary, store: Store) {
  const canvas = byId<HTMLCanvasElement>("heatmap");
  const overlay = byId<SVGSVGElement>("heatmap-axes");
  const box = byId("heatmap-box");
  const cache = new Map<string, Matrix>();
  let cell = 1;

  function matrix(): Matrix {
    const kind: State["matrix"] = store.state.matrix === "transfer" && !summary.transfer
      ? "edges"
      : store.state.matrix;
    if (!cache.has(kind)) cache.set(kind, compute(kind));
    return cache.get(kind)!;
  }

  function compute(kind: State["matrix"]): Matrix {
    if (kind === "transfer") {
      return {
        steps: summary.transfer!.steps,
        values: known(summary.transfer!.steps, summary.transfer!.faithfulness),
        rowText: "circuit of step",
        columnText: "in the model of step",
        note:
          "Faithfulness of the circuit of one step (row) inside the model of another (column). " +
          "Circuits can share few edges and still do each other’s work.",
      };
    }
    const sets = summary.checkpoints.map((c) =>
      kind === "edges" ? c.circuit.map(edgeName) : c.nodes
    );
    return {
      steps: summary.checkpoints.map((c) => c.step),
      values: known(summary.checkpoints.map((c) => c.step), jaccardMatrix(sets)),
      rowText: "step",
      columnText: "and step",
      note: `${
        kind === "edges" ? "Edges" : "Nodes"
      } in both circuits as a share of those in either (Jaccard).`,
    };
  }

  function known(steps: number[], values: number[][]): (number | null)[][] {
    const able = new Set(summary.checkpoints.filter((c) => c.able).map((c) => c.step));
    return values.map((row, i) =>
      row.map((value, j) => able.has(steps[i]) && able.has(steps[j]) ? value : null)
    );
  }

  function colours(): [number[], number[]] {
    const read = (name: `--${string}`) => themeValue(name).split(/\s+/).map(Number);
    return [read("--heat-low"), read("--heat-high")];
  }

  function update() {
    const { steps, values, rowText, columnText, note } = matrix();
    byId("heatmap-note").textContent = note;
    const size = Math.max(160, Math.min(box.clientWidth - PAD.left - PAD.right, 300));
    const ratio = globalThis.devicePixelRatio || 1;
    cell = size / steps.length;
    canvas.width = canvas.height = Math.round(size * ratio);
    canvas.style.width = canvas.style.height = `${size}px`;
    canvas.style.left = `${PAD.left}px`;
    canvas.style.top = `${PAD.top}px`;
    box.style.height = `${size + PAD.top + PAD.bottom}px`;
    const brush = canvas.getContext("2d")!;
    brush.scale(ratio, ratio);
    const [low, high] = colours();
    const gap = cell > 6 ? 1 : 0;
    values.forEach((row, i) =>
      row.forEach((value, j) => {
        if (value === null) return;
        const t = Math.max(0, Math.min(1, value));
        const mix = low.map((channel, k) => Math.round(channel + (high[k] - channel) * t));
        brush.fillStyle = `rgb(${mix.join(",")})`;
        brush.fillRect(j * cell, size - (i + 1) * cell, cell - gap + 0.3, cell - gap + 0.3);
      })
    );
    drawOverlay(steps, size, rowText, columnText);
  }

  /** Returns the rows and columns of steps at which the model does not do the task, hatched. */
  function gaps(steps: number[], size: number): SVGElement[] {
    const able = new Set(summary.checkpoints.filter((c) => c.able).map((c) => c.step));
    const marked = steps.map((step) => able.has(step));
    const middles = steps.map((_, i) => (i + 0.5) * cell);
    const stretches = gapsOf(marked, middles, [0, size]);
    const bottom = PAD.top + size;
    const columns = stretches.map(([a, b]) => [PAD.left + a, PAD.left + b] as const);
    const runs = gapsOf(marked.map((is) => !is), middles, [0, size]);
    return [
      ...hatched("hatch-columns", columns, PAD.top, bottom),
      // rows only where no hatched column is, so that lines do not cross
      ...stretches.flatMap(([a, b], i) =>
        hatched(
          `hatch-rows-${i}`,
          runs.map(([c, d]) => [PAD.left + c, PAD.left + d] as const),
          bottom - b,
          bottom - a,
        )
      ),
    ];
  }

  function drawOverlay(steps: number[], size: number, rowText: string, columnText: string) {
    const here = nearestIndex(steps, summary.checkpoints[store.state.index].step);
    const bottom = PAD.top + size;
    const middle = (i: number) => (i + 0.5) * cell;
    const labels: SVGElement[] = [];
    let next = Infinity;
    steps.toReversed().forEach((step, back) => {
      const i = steps.length - 1 - back;
      if (next - middle(i) < 34) return;
      next = middle(i);
      labels.push(
        svg("text", {
          class: "tick",
          x: PAD.left + middle(i),
          y: bottom + 14,
          "text-anchor": "middle",
        }, shortStep(step)),
        svg("text", {
          class: "tick",
          x: PAD.left - 6,
          y: bottom - middle(i),
          dy: "0.35em",
          "text-anchor": "end",
        }, shortStep(step)),
      );
    });
    overlay.setAttribute("width", String(PAD.left + size + PAD.right));
    overlay.setAttribute("height", String(bottom + PAD.bottom));
    overlay.replaceChildren(
      ...gaps(steps, size),
      ...labels,
      svg(
        "text",
        { class: "tick", x: PAD.left + size / 2, y: bottom + 29, "text-anchor": "middle" },
        columnText === "and step" ? "step" : columnText,
      ),
      svg("text", {
        class: "tick",
        transform: `translate(12 ${PAD.top + size / 2}) rotate(-90)`,
        "text-anchor": "middle",
      }, rowText),
      svg("rect", {
        class: "heat-mark",
        x: PAD.left,
        y: bottom - (here + 1) * cell,
        width: size,
        height: cell,
      }),
      svg("rect", {
        class: "heat-mark",
        x: PAD.left + here * cell,
        y: PAD.top,
        width: cell,
        height: size,
      }),
    );
    overlay.setAttribute("aria-label", `${rowText} ${columnText}`);
  }

  function hit(event: PointerEvent): [number, number] | null {
    const area = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - area.left) / cell);
    const row = Math.floor((area.bottom - event.clientY) / cell);
    const { steps } = matrix();
    const inside = row >= 0 && column >= 0 && row < steps.length && column < steps.length;
    return inside ? [row, column] : null;
  }

  canvas.addEventListener("pointermove", (event) => {
    const at = hit(event);
    if (!at) return hideTooltip();
    const { steps, values, rowText, columnText } = matrix();
    showTooltip(
      event,
      titled(
        percent(values[at[0]][at[1]]),
        html(
          "div",
          { class: "fact" },
          `${rowText} ${integer(steps[at[0]])} ${columnText} ${integer(steps[at[1]])}`,
        ),
      ),
    );
  });
  canvas.addEventListener("pointerleave", hideTooltip);
  canvas.addEventListener("click", (event) => {
    const at = hit(event as PointerEvent);
    if (!at) return;
    const step = matrix().steps[at[1]];
    store.set({ index: nearestIndex(summary.checkpoints.map((c) => c.step), step) });
  });

  function mark() {
    const { steps, rowText, columnText } = matrix();
    drawOverlay(steps, cell * steps.length, rowText, columnText);
  }
  return { update, mark };
}
