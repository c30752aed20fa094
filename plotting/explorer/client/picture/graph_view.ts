/**
 * Draws the circuit of one checkpoint as SVG. Elements persist from step to step, keyed by name: those that stay
 * glide to their new width, those that join fade in, those that leave fade out and are then removed (CSS
 * transitions).
 */
import type { CircuitEdge } from "../../../../utils/results/mod.ts";
import {
  afterPaint,
  byId,
  hideTooltip,
  percent,
  showTooltip,
  svg,
} from "../../../page/client/mod.ts";
import { type Comparison, comparisonOf } from "../comparison.ts";
import { describeLostEdge, showComparison } from "../comparison_note.ts";
import { CROWDED, largestScore, pathsThrough, strokeOf, visibleEdges } from "../circuit_math.ts";
import { type Bundles, bundlesOf } from "./bundles.ts";
import { byRole } from "./head_order.ts";
import { edgePath, type Layout, layOut } from "./layout.ts";
import { edgeName, nodeNames, parseNodeName } from "../../../../utils/names/mod.ts";
import { placeNodes } from "./place_nodes.ts";
import { createPictureZoom } from "./picture_zoom.ts";
import { lineKind, longName, shortName } from "../names.ts";
import type { ShownSummary } from "../shown.ts";
import type { Store } from "../state.ts";
import { describeEdge, describeNode, roleColour, roleLabel, rolesAt } from "../describe.ts";

const FADE_MS = 450;

interface DrawnEdge {
  group: SVGGElement;
  line: SVGPathElement;
  edge: CircuitEdge;
  leaving: number | null;
}

export interface GraphView {
  update(): void;
  highlight(): void;
  resize(): void;
  /** Shows the part of the picture that the reader zoomed to. */
  showView(): void;
}

export function createGraphView(summary: ShownSummary, store: Store): GraphView {
  const root = byId<SVGSVGElement>("circuit");
  const box = byId("circuit-box");
  const content = root.appendChild(svg("g"));
  const showView = createPictureZoom(content, store);
  const rows = content.appendChild(svg("g", { class: "rows" }));
  const edgeLayer = content.appendChild(svg("g", { class: "edges" }));
  const nodeLayer = content.appendChild(svg("g", { class: "nodes" }));
  const edges = new Map<string, DrawnEdge>();
  const nodes = new Map<string, SVGGElement>();
  const overall = summary.checkpoints.reduce((max, c) => Math.max(max, largestScore(c)), 0) || 1;
  let comparison: Comparison | null = null;
  let layout: Layout = layOut(summary.shape, 900);
  let bundles: Bundles = () => undefined;

  for (const name of nodeNames(summary.shape)) nodes.set(name, createNode(name));

  function createNode(name: string): SVGGElement {
    const group = nodeLayer.appendChild(
      svg("g", { class: "node", "data-node": name, role: "button" }),
    );
    group.append(
      svg("circle", { class: "ghost", r: 1.6 }),
      svg("rect", { class: "pill" }),
      ...(parseNodeName(name).kind === "head"
        ? (["q", "k", "v"] as const).map((letter) =>
          svg("rect", { class: `port port-${letter}`, "data-letter": letter })
        )
        : []),
      svg("text", { class: "name" }, shortName(name)),
    );
    group.addEventListener("pointerenter", (event) => {
      store.set({ hovered: name });
      showTooltip(event, describeNode(summary, store.state.index, name));
    });
    group.addEventListener("pointermove", (event) => showTooltip(event));
    group.addEventListener("pointerleave", leave);
    group.addEventListener("focus", () => store.set({ hovered: name }));
    group.addEventListener("blur", leave);
    const pin = (event: Event) => {
      event.stopPropagation();
      hideTooltip();
      store.set({ pinned: store.state.pinned === name ? null : name });
    };
    group.addEventListener("click", pin);
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter") pin(event);
    });
    return group;
  }

  function leave() {
    store.set({ hovered: null });
    hideTooltip();
  }

  function createEdge(name: string, edge: CircuitEdge): DrawnEdge {
    const line = svg("path", { class: "line" });
    const group = svg(
      "g",
      { class: "edge", "data-edge": name },
      svg("path", { class: "hit" }),
      line,
    );
    group.style.opacity = "0";
    edgeLayer.append(group);
    const drawn: DrawnEdge = { group, line, edge, leaving: null };
    group.addEventListener("pointerenter", (event) => {
      store.set({ hovered: name });
      const lost = comparison?.fateOf(drawn.edge) === "lost";
      const about = lost
        ? describeLostEdge(comparison!, drawn.edge)
        : describeEdge(summary, store.state.index, drawn.edge);
      showTooltip(event, about);
    });
    group.addEventListener("pointermove", (event) => showTooltip(event));
    group.addEventListener("pointerleave", leave);
    route(drawn);
    return drawn;
  }

  function route(drawn: DrawnEdge) {
    const path = edgePath(layout, drawn.edge, bundles(drawn.edge));
    for (const element of drawn.group.children) element.setAttribute("d", path);
  }

  function remove(name: string, drawn: DrawnEdge) {
    if (drawn.leaving !== null) return;
    drawn.group.style.opacity = "0";
    drawn.group.classList.add("leaving");
    if (store.state.hovered === name) queueMicrotask(leave);
    drawn.leaving = setTimeout(() => {
      drawn.group.remove();
      edges.delete(name);
    }, FADE_MS) as unknown as number;
  }

  function update() {
    const checkpoint = summary.checkpoints[store.state.index];
    comparison = comparisonOf(summary, store.state);
    const union = [...checkpoint.circuit, ...comparison?.lost ?? []];
    const shown = visibleEdges(union, store.state);
    root.classList.toggle("compared", comparison !== null);
    showComparison(comparison, store.state, summary.model);
    const scale = store.state.widths === "all" ? overall : largestScore(checkpoint);
    bundles = store.state.edges === "bundled" ? bundlesOf(shown, layout) : () => undefined;
    const present = new Set(shown.map(edgeName));
    for (const [name, drawn] of edges) if (!present.has(name)) remove(name, drawn);
    const fresh: DrawnEdge[] = [];
    const crowded = shown.length > CROWDED;
    // the strongest last, above the others
    for (const edge of shown.toReversed()) {
      const name = edgeName(edge);
      let drawn = edges.get(name);
      if (!drawn) {
        drawn = createEdge(name, edge);
        edges.set(name, drawn);
        fresh.push(drawn);
      }
      if (drawn.leaving !== null) {
        clearTimeout(drawn.leaving);
        drawn.leaving = null;
        fresh.push(drawn);
      }
      drawn.edge = edge;
      if (crowded) edgeLayer.append(drawn.group);
      const fate = comparison?.fateOf(edge) ?? "";
      // another run's scores may have another unit
      const largest = fate === "lost" && comparison?.run ? largestScore(comparison.other) : scale;
      const share = Math.min(1, Math.sqrt(Math.abs(edge.score) / largest));
      Object.assign(drawn.line.style, strokeOf(share, crowded));
      const sign = edge.score < 0 ? "negative" : "positive";
      drawn.group.setAttribute("class", `edge ${lineKind(edge)} ${sign} ${fate}`);
    }
    for (const drawn of edges.values()) if (drawn.leaving === null) route(drawn);
    if (fresh.length > 0) afterPaint(() => fadeIn(fresh));
    updateNodes(new Set(checkpoint.nodes), shown);
    const empty = byId("empty-circuit");
    empty.hidden = checkpoint.circuit.length > 0;
    empty.textContent = checkpoint.able
      ? `The circuit is empty: without any edge, ${percent(checkpoint.faithfulness)} remain.`
      : "The model does not do the task at this step.";
    box.classList.toggle("unable", !checkpoint.able);
    highlight();
  }

  function fadeIn(drawn: DrawnEdge[]) {
    for (const { group, leaving } of drawn) if (leaving === null) group.style.opacity = "";
  }

  function updateNodes(inCircuit: Set<string>, shown: CircuitEdge[]) {
    const touched = new Set(shown.flatMap((edge) => [edge.source, edge.target]));
    const entered = new Set(shown.map((edge) => `${edge.target}<${edge.letter}>`));
    const step = summary.checkpoints[store.state.index].step;
    for (const [name, group] of nodes) {
      const { kind } = parseNodeName(name);
      const fixed = kind === "input" || kind === "logits";
      const inside = fixed || inCircuit.has(name) || touched.has(name);
      const roles = rolesAt(summary, step, name);
      group.classList.toggle("inside", inside);
      group.classList.toggle("quiet", inside && !fixed && !touched.has(name));
      group.classList.toggle("mlp", kind === "mlp");
      group.classList.toggle("bar", fixed);
      if (inside) group.setAttribute("tabindex", "0");
      else group.removeAttribute("tabindex");
      group.setAttribute(
        "aria-label",
        [longName(name), ...roles.map((role) => roleLabel(summary, role))].join(", "),
      );
      group.dataset.role = roles.length > 0 ? String(roleColour(roles[0])) : "";
      for (const port of group.querySelectorAll<SVGRectElement>(".port")) {
        port.classList.toggle("used", entered.has(`${name}<${port.dataset.letter}>`));
      }
    }
  }

  function highlight() {
    const { pinned, hovered } = store.state;
    const shown = [...edges.values()].filter((drawn) => drawn.leaving === null);
    const visible = shown.map((drawn) => drawn.edge);
    const focus = pinned ?? (hovered && nodes.has(hovered) ? hovered : null);
    const paths = focus ? pathsThrough(visible, focus) : null;
    root.classList.toggle("focused", paths !== null);
    root.classList.toggle("pinned", pinned !== null);
    root.classList.toggle("absent", paths !== null && paths.edges.size === 0);
    const ends = new Set<string>();
    for (const drawn of shown) {
      const name = edgeName(drawn.edge);
      const lit = hovered === name;
      if (lit) ends.add(drawn.edge.source).add(drawn.edge.target);
      drawn.group.classList.toggle("lit", lit);
      drawn.group.classList.toggle("dim", paths !== null && !paths.edges.has(name) && !lit);
      if (lit) edgeLayer.append(drawn.group);
    }
    for (const [name, group] of nodes) {
      group.classList.toggle(
        "dim",
        paths !== null && !paths.nodes.has(name) && !ends.has(name),
      );
      group.classList.toggle("pin", name === pinned);
      group.setAttribute("aria-pressed", String(name === pinned));
      group.classList.toggle("lit", ends.has(name) || name === hovered);
    }
  }

  function resize() {
    layout = layOut(
      summary.shape,
      Math.max(320, box.clientWidth),
      store.state.order === "role" ? byRole(summary) : undefined,
    );
    root.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height.toFixed(1)}`);
    root.setAttribute("width", String(layout.width));
    root.setAttribute("height", layout.height.toFixed(1));
    placeNodes(layout, rows, nodes);
    for (const drawn of edges.values()) route(drawn);
    showView();
  }

  root.addEventListener("click", () => store.set({ pinned: null }));
  return { update, highlight, resize, showView };
}
