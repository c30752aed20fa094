/**
 * Draws heads over training: one row per head or MLP, one column per checkpoint, darker for a larger share of the
 * circuit's |score|. Rows are in the order nodes first join, so the circuit forms from the top left downwards.
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
  titled,
} from "../../page/client/mod.ts";
import { nodeShares } from "./circuit_math.ts";
import { allRoles, roleColour, roleLabel, rolesAt } from "./describe.ts";
import { longName, shortName } from "./names.ts";
import type { ShownSummary } from "./shown.ts";
import type { Store } from "./state.ts";

const MOST_ROWS = 32;
const ROW = 13;

export function createRaster(summary: ShownSummary, store: Store) {
  const picture = byId<SVGSVGElement>("raster");
  const box = byId("raster-box");
  const points = summary.checkpoints;
  const shares = points.map((c) => nodeShares(c.circuit));
  const members = points.map((c) => new Set(c.nodes));
  const names = chooseRows();
  const pad = { left: 52, right: allRoles(summary).length > 0 ? 110 : 4, bottom: 22 };
  const marker = svg("rect", { class: "heat-mark", rx: 1 });
  let cell = 1;

  function chooseRows(): string[] {
    const totals = new Map<string, number>();
    for (const share of shares) {
      for (const [node, value] of share) {
        if (node !== "input" && node !== "logits") {
          totals.set(node, (totals.get(node) ?? 0) + value);
        }
      }
    }
    const strongest = [...totals].sort((a, b) => b[1] - a[1]).slice(0, MOST_ROWS)
      .map(([node]) => node);
    const first = new Map(strongest.map((node) => [node, shares.findIndex((s) => s.has(node))]));
    return strongest.sort((a, b) =>
      first.get(a)! - first.get(b)! || totals.get(b)! - totals.get(a)!
    );
  }

  function draw() {
    const width = Math.max(320, box.clientWidth);
    const inner = width - pad.left - pad.right;
    const height = names.length * ROW + pad.bottom;
    cell = inner / points.length;
    const largest = Math.max(1e-9, ...shares.flatMap((s) => names.map((n) => s.get(n) ?? 0)));
    picture.setAttribute("width", String(width));
    picture.setAttribute("height", String(height));
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const ticks: SVGElement[] = [];
    let next = Infinity;
    points.toReversed().forEach((c, back) => {
      const at = pad.left + (points.length - 0.5 - back) * cell;
      if (next - at < 40) return;
      next = at;
      ticks.push(
        svg(
          "text",
          { class: "tick", x: at, y: height - 6, "text-anchor": "middle" },
          shortStep(c.step),
        ),
      );
    });
    const left = (i: number) => pad.left + i * cell;
    picture.replaceChildren(
      ...hatched(
        "hatch-raster",
        gapsOf(points.map((c) => c.able), points.map((_, i) => left(i + 0.5)), [
          pad.left,
          left(points.length),
        ]),
        0,
        names.length * ROW,
      ),
      ...names.flatMap((name, row) => drawRow(name, row, largest)),
      ...ticks,
      marker,
    );
    mark();
  }

  function drawRow(name: string, row: number, largest: number): SVGElement[] {
    const y = row * ROW;
    const latest = rolesAt(summary, points.at(-1)!.step, name);
    const label = svg(
      "text",
      {
        class: "raster-name",
        x: pad.left - 8,
        y: y + ROW / 2,
        dy: "0.35em",
        "text-anchor": "end",
      },
      shortName(name),
    );
    label.addEventListener("click", () => pin(name));
    const cells = points.flatMap((c, i) => {
      if (!members[i].has(name)) return [];
      const share = shares[i].get(name) ?? 0;
      const rect = svg("rect", {
        class: "raster-cell",
        x: (pad.left + i * cell).toFixed(2),
        y: y + 1,
        width: Math.max(0.6, cell - (cell > 9 ? 1 : -0.2)).toFixed(2),
        height: ROW - 2,
        "fill-opacity": (0.14 + 0.86 * Math.sqrt(share / largest)).toFixed(3),
      });
      const roles = rolesAt(summary, c.step, name);
      rect.addEventListener("pointerenter", (event) =>
        showTooltip(
          event,
          titled(
            `${longName(name)}, step ${integer(c.step)}`,
            ...(roles.length
              ? [html(
                "div",
                { class: "role-line" },
                roles.map((role) => roleLabel(summary, role)).join(", "),
              )]
              : []),
            html("div", { class: "fact" }, `${percent(share)} of all |score|`),
          ),
        ));
      rect.addEventListener("pointerleave", hideTooltip);
      rect.addEventListener("click", () => store.set({ index: i, pinned: name }));
      return [rect];
    });
    const role = latest.length > 0
      ? [
        svg("circle", {
          class: "role-dot",
          "data-role": roleColour(latest[0]),
          cx: width() - pad.right + 10,
          cy: y + ROW / 2,
          r: 4,
        }),
        svg(
          "text",
          { class: "raster-role", x: width() - pad.right + 19, y: y + ROW / 2, dy: "0.35em" },
          roleLabel(summary, latest[0]),
        ),
      ]
      : [];
    return [
      svg("line", {
        class: "grid",
        x1: pad.left,
        x2: width() - pad.right,
        y1: y + ROW / 2,
        y2: y + ROW / 2,
      }),
      label,
      ...cells,
      ...role,
    ];
  }

  function width() {
    return pad.left + pad.right + cell * points.length;
  }

  function pin(name: string) {
    store.set({ pinned: store.state.pinned === name ? null : name });
  }

  function mark() {
    marker.setAttribute("x", (pad.left + store.state.index * cell).toFixed(1));
    marker.setAttribute("y", "0");
    marker.setAttribute("width", Math.max(1, cell).toFixed(1));
    marker.setAttribute("height", String(names.length * ROW));
    for (const label of picture.querySelectorAll(".raster-name")) {
      const pinned = store.state.pinned;
      label.classList.toggle("pin", pinned !== null && label.textContent === shortName(pinned));
    }
  }
  return { draw, mark };
}
