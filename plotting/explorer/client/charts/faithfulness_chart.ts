/**
 * Draws faithfulness against circuit size at the current step: all evaluated sizes, random circuits of the same
 * sizes, the threshold, and the chosen size, over the other checkpoints' curves in a faint colour. A random circuit
 * is drawn at its sampled number of edges: pruning leaves few or none, and a log axis cannot show 0.
 */
import type { CurvePoint } from "../../../../utils/results/mod.ts";
import {
  axes,
  axisPercent,
  byId,
  fact,
  hatched,
  hideTooltip,
  html,
  integer,
  linearScale,
  logScale,
  number,
  percent,
  rangeOf,
  showTooltip,
  svg,
  titled,
} from "../../../page/client/mod.ts";
import type { ShownCheckpoint, ShownSummary } from "../shown.ts";
import type { Store } from "../state.ts";

const HEIGHT = 340;
const PAD = { left: 44, right: 16, top: 24, bottom: 36 };

/** Low enough for random circuits, which reach −100 % and less if the corrupted prompt flips the model's answer. */
const LIMITS: [number, number] = [-1.25, 1.4];
const MOST_GHOSTS = 40;

/** Returns a point of a random circuit at its sampled number of edges; pruning left `left` of them. */
function asDrawn(point: CurvePoint): CurvePoint & { left: number } {
  return { ...point, edges: point.size, left: point.edges };
}

export function createFaithfulnessChart(summary: ShownSummary, store: Store) {
  const picture = byId<SVGSVGElement>("size-chart");
  const box = byId("size-box");
  const random = summary.checkpoints.map((c) => c.random.map(asDrawn));
  const everything = [...summary.checkpoints.flatMap((c) => c.curve), ...random.flat()];
  const sizes = everything.map((p) => p.edges).filter((n) => n > 0);

  const ghosts = { view: "", element: svg("path") };

  function update() {
    const measure = summary.fromCorrupted ? store.state.measure : "faithfulness";
    const checkpoint = summary.checkpoints[store.state.index];
    const drawn = random[store.state.index];
    const width = Math.max(260, box.clientWidth);
    const right = width - PAD.right;
    const bottom = HEIGHT - PAD.bottom;
    picture.setAttribute("width", String(width));
    picture.setAttribute("height", String(HEIGHT));
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    byId("size-note").replaceChildren(...note(checkpoint));
    if (sizes.length === 0) {
      picture.replaceChildren(
        svg(
          "text",
          { class: "tick", x: width / 2, y: HEIGHT / 2, "text-anchor": "middle" },
          "No sizes were evaluated where the model does the task.",
        ),
      );
      return;
    }
    const low = Math.max(1, Math.min(...sizes));
    const high = Math.max(...sizes, low * 2);
    const x = logScale([low, high], [PAD.left + 8, right], integer);
    const range = rangeOf(everything.map((p) => p[measure]), [0, 1], LIMITS);
    const y = linearScale(range, [bottom, PAD.top], 5, axisPercent);
    const path = (points: CurvePoint[]) =>
      [...points].filter((p) => p.edges > 0).sort((a, b) => a.edges - b.edges)
        .map((p, i) => `${i ? "L" : "M"}${x(p.edges).toFixed(1)} ${y(p[measure]).toFixed(1)}`)
        .join("");
    const view = `${measure} ${width}`;
    if (ghosts.view !== view) {
      const able = summary.checkpoints.filter((c) => c.able);
      const stride = Math.ceil(able.length / MOST_GHOSTS);
      ghosts.element = svg("path", {
        class: "ghost-line",
        d: able.filter((_, i) => i % stride === 0).map((c) => path(c.curve)).join(
          "",
        ),
      });
      ghosts.view = view;
    }
    const level = y(summary.threshold);
    const point = (p: CurvePoint & { left?: number }, tone: string, what: string) => {
      const dot = svg("circle", {
        class: `dot ${tone}`,
        cx: x(p.edges).toFixed(1),
        cy: y(p[measure]).toFixed(1),
        r: 2.6,
      });
      dot.addEventListener("pointerenter", (event) => showTooltip(event, tip(p, what)));
      dot.addEventListener("pointerleave", hideTooltip);
      return dot;
    };
    picture.replaceChildren(
      svg(
        "clipPath",
        { id: "clip-size" },
        svg("rect", {
          x: PAD.left,
          y: PAD.top - 6,
          width: right - PAD.left + 8,
          height: bottom + 9 - PAD.top,
        }),
      ),
      ...axes(x, y, { left: PAD.left, right, top: PAD.top, bottom }),
      ...(checkpoint.able ? [] : hatched("hatch-size", [[PAD.left, right]], PAD.top, bottom)),
      svg(
        "text",
        { class: "tick", x: (PAD.left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" },
        "edges in the circuit",
      ),
      svg("text", { class: "tick", x: 2, y: 9 }, "faithfulness, %"),
      ...(summary.searched
        ? [
          svg("line", { class: "rule", x1: PAD.left, x2: right, y1: level, y2: level }),
          svg(
            "text",
            { class: "rule-label", x: PAD.left + 4, y: level - 5 },
            `threshold ${percent(summary.threshold)}`,
          ),
        ]
        : []),
      svg(
        "g",
        { "clip-path": "url(#clip-size)" },
        ghosts.element,
        svg("path", { class: "series tone-2 dashed", d: path(drawn) }),
        ...drawn.filter((p) => p.edges > 0)
          .map((p) => point(p, "tone-2", "random circuit")),
        svg("path", { class: "series tone-1", d: path(checkpoint.curve) }),
        ...checkpoint.curve.filter((p) => p.edges > 0)
          .map((p) => point(p, "tone-1", "circuit")),
        ...(checkpoint.edges > 0
          ? [svg("circle", {
            class: "chosen",
            cx: x(checkpoint.edges).toFixed(1),
            cy: y(checkpoint[measure]).toFixed(1),
            r: 7,
          })]
          : []),
      ),
    );
  }

  function note(checkpoint: ShownCheckpoint): (Node | string)[] {
    const keys: (Node | string)[] = [
      html("span", { class: "key tone-1" }, html("i"), "circuits of this step"),
      ...(summary.checkpoints.some((c) => c.able && c !== checkpoint)
        ? [html("span", { class: "key tone-1 faint" }, html("i"), "of other steps")]
        : []),
    ];
    if (checkpoint.random.length > 0) {
      keys.push(html("span", { class: "key tone-2 dashed" }, html("i"), "random circuits"));
    }
    if (summary.fromCorrupted && checkpoint.cpr !== undefined) {
      keys.push(html("span", { class: "key" }, `CPR ${number(checkpoint.cpr)}`));
    }
    if (summary.fromCorrupted && checkpoint.cmd !== undefined) {
      keys.push(html("span", { class: "key" }, `CMD ${number(checkpoint.cmd)}`));
    }
    return keys;
  }

  function tip(p: CurvePoint & { left?: number }, what: string) {
    return titled(
      `${what}, ${integer(p.edges)} edges`,
      p.left === undefined
        ? fact("requested", integer(p.size))
        : fact("left after pruning", integer(p.left)),
      fact("of the clean metric", percent(p.faithfulness)),
      ...(summary.fromCorrupted ? [fact("above the corrupted level", percent(p.normalized))] : []),
    );
  }
  return { update };
}
