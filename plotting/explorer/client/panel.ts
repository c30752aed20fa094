/** Fills the column beside the circuit: the step in numbers, the pinned node, and the strongest edges. */
import type { CircuitEdge } from "../../../utils/results/mod.ts";
import {
  byId,
  hideTooltip,
  html,
  integer,
  number,
  percent,
  plural,
  showTooltip,
} from "../../page/client/mod.ts";
import { metricName, metricUnit } from "../../display_names.ts";
import { drawnNote, pathsThrough, visibleEdges } from "./circuit_math.ts";
import { describeEdge, describeNode } from "./describe.ts";
import { edgeName } from "../../../utils/names/mod.ts";
import { lineKind, shortName } from "./names.ts";
import type { ShownSummary } from "./shown.ts";
import type { Store } from "./state.ts";

const MOST_LISTED = 60;

/** Returns the line of an edge's interval over its bar; nothing if the run stored none. */
function whisker({ score, interval }: CircuitEdge, largest: number): HTMLElement[] {
  if (!interval) return [];
  const sign = score < 0 ? -1 : 1;
  const share = (value: number) => 100 * Math.min(1, Math.max(0, sign * value / largest));
  const ends = interval.map(share).sort((a, b) => a - b);
  const line = html("u");
  line.style.left = `${ends[0].toFixed(1)}%`;
  line.style.width = `${(ends[1] - ends[0]).toFixed(1)}%`;
  return [line];
}

export function createPanel(summary: ShownSummary, store: Store) {
  function facts() {
    const c = summary.checkpoints[store.state.index];
    const shown = (value: string) => c.able ? value : "–";
    const rows: [string, string, string][] = [
      ["Clean", number(c.baseline), `mean ${metricName(summary.metric)} of the model`],
      ["Corrupted", number(c.corrupted), "the same answers on corrupted prompts"],
      ["Faithfulness", shown(percent(c.faithfulness)), "circuit / whole model"],
      ...(summary.fromCorrupted
        ? [[
          "above corrupted",
          shown(percent(c.normalized)),
          "(circuit − corrupted) / (model − corrupted)",
        ] as [string, string, string]]
        : []),
      ["Edges", shown(integer(c.edges)), `of ${integer(summary.nEdges)}`],
      ["Nodes", shown(integer(c.nodes.length)), "including input and logits"],
    ];
    if (summary.checkpoints.some((each) => each.stability !== undefined)) {
      const stability = c.edges > 0 ? c.stability : null;
      rows.push(["Stability", percent(stability), "mean Jaccard, resampled prompts"]);
    }
    if (summary.fromCorrupted) {
      const { sum, change, missing } = c.completeness;
      rows.push([
        "Completeness",
        shown(percent(change === 0 ? null : sum / change)),
        missing === undefined
          ? "sum of the input's outgoing scores / change of the metric"
          : `sum of the input's outgoing scores / change of the metric; per prompt, ${
            percent(missing)
          } is missing (quadrature error)`,
      ]);
    }
    byId("facts").replaceChildren(
      ...rows.map(([name, value, title]) =>
        html("div", { title }, html("dt", {}, name), html("dd", {}, value))
      ),
    );
    byId("edge-share").textContent = !c.able
      ? "The model does not do the task here"
      : c.edges > 0
      ? `${integer(c.edges)} of ${integer(summary.nEdges)} edges (${
        number(100 * c.edges / summary.nEdges)
      } %)${drawnNote(store.state, c.circuit.length)}`
      : `0 of ${integer(summary.nEdges)} edges`;
  }

  function pinned() {
    const { pinned: node, index } = store.state;
    const card = byId("pinned");
    card.hidden = node === null;
    if (node === null) return;
    const close = html("button", { class: "plain", title: "Unpin (Esc)" }, "Unpin");
    close.addEventListener("click", () => store.set({ pinned: null }));
    card.replaceChildren(close, describeNode(summary, index, node));
  }

  function list() {
    const { index, pinned: node } = store.state;
    const visible = visibleEdges(summary.checkpoints[index].circuit, store.state);
    const paths = node ? pathsThrough(visible, node) : null;
    const some = drawnNote(store.state, summary.checkpoints[index].circuit.length) !== "";
    const listed = paths ? visible.filter((edge) => paths.edges.has(edgeName(edge))) : visible;
    byId("list-title").textContent = node
      ? `${some ? "Drawn edges" : "Edges"} on paths through ${shortName(node)}`
      : "Strongest edges";
    const number = listed.length > MOST_LISTED
      ? `${MOST_LISTED} of ${integer(listed.length)}`
      : plural(listed.length, "edge");
    byId("list-count").textContent = `${number}, score in ${metricUnit(summary.metric)}`;
    const largest = Math.max(
      1e-12,
      ...listed.flatMap(({ score, interval = [score, score] }) => [score, ...interval])
        .map(Math.abs),
    );
    byId("edge-list").replaceChildren(
      ...listed.slice(0, MOST_LISTED).map((edge) => item(edge, largest)),
    );
  }

  function item(edge: CircuitEdge, largest: number): HTMLElement {
    const sign = edge.score < 0 ? "negative" : "positive";
    const bar = html("i", { class: "bar" });
    bar.style.width = `${(100 * Math.abs(edge.score) / largest).toFixed(1)}%`;
    const row = html(
      "li",
      { class: `${lineKind(edge)} ${sign}`, "data-edge": edgeName(edge) },
      html(
        "span",
        { class: "ends" },
        shortName(edge.source),
        html("em", {}, "→"),
        shortName(edge.target),
        ...(edge.letter ? [html("sub", {}, edge.letter)] : []),
      ),
      html("span", { class: "track" }, bar, ...whisker(edge, largest)),
      html("span", { class: "score" }, number(edge.score)),
    );
    row.addEventListener("pointerenter", (event) => {
      store.set({ hovered: edgeName(edge) });
      showTooltip(event, describeEdge(summary, store.state.index, edge));
    });
    row.addEventListener("pointerleave", () => {
      store.set({ hovered: null });
      hideTooltip();
    });
    row.addEventListener("click", () => {
      const end = edge.target === "logits" ? edge.source : edge.target;
      hideTooltip();
      store.set({ hovered: null, pinned: store.state.pinned === end ? null : end });
    });
    return row;
  }

  function update() {
    facts();
    pinned();
    list();
  }
  return { update };
}
