/**
 * Draws the circuit of one checkpoint as SVG. Every slot has an element that keeps its place; a checkpoint changes classes and
 * fills alone. Edges persist by name. So sliding touches just what changes.
 */
import { hideTooltip, integer, showTooltip, svg } from "../../../page/client/mod.ts";
import { onlyHere, type Side } from "../comparison.ts";
import { describeEdge, describeEnd } from "../describe.ts";
import { frameParts } from "./graph_frame.ts";
import { edgePath, type Layout, layOut } from "./layout.ts";
import { nodeShape, ringShape, turnShape } from "./node_shape.ts";
import { RunIndex, type ShownEdge, slotName, slotOf } from "../run_index.ts";
import type { Store } from "../state.ts";

/** One of the page's two pictures. */
export interface GraphView {
  /** Shows a run; draws nothing yet. */
  show(index: RunIndex): void;
  /** Returns the width that the page gives it. */
  width(): number;
  /** Places everything at a width. */
  resize(width: number): void;
  /** Draws a checkpoint. @param other the picture beside it */
  update(t: number, other: Side | null): void;
  /** Highlights what is hovered or pinned. */
  highlight(): void;
  /** Returns how many edges are not drawn. */
  hiddenEdges(): number;
  readonly picture: SVGSVGElement;
}

interface DrawnNode {
  group: SVGGElement;
  body: SVGPathElement;
  /** made when first needed */
  ring?: SVGPathElement;
  turn?: SVGPathElement;
  /** what is drawn, to skip equal work */
  look: string;
  name: string;
}

interface DrawnEdge {
  line: SVGPathElement;
  edge: ShownEdge;
  look: string;
}

/** Fills differ in as many steps, so that elements share their style. */
const STRENGTHS = 8;
/** Ages differ in as many steps, as the rules of `graph.css` do. */
const AGES = 8;

/** Makes a picture inside a figure. @param main whether pins and hovers are of this picture's run */
export function createGraphView(figure: HTMLElement, store: Store, main: boolean): GraphView {
  const picture = figure.querySelector<SVGSVGElement>("svg")!;
  const box = figure.querySelector<HTMLElement>(".graph-box")!;
  const cannot = figure.querySelector<HTMLElement>(".cannot")!;
  const frame = picture.appendChild(svg("g", { class: "frame" }));
  const edgeLayer = picture.appendChild(svg("g", { class: "edges" }));
  const nodeLayer = picture.appendChild(svg("g", { class: "nodes" }));
  let index: RunIndex, layout: Layout, time = 0, hidden = 0;
  let nodes: DrawnNode[] = [];
  let tokens: SVGElement[] = [];
  let largest = 1;
  /** edges drawn now, and all that were drawn before */
  const edges = new Map<string, DrawnEdge>(), known = new Map<string, DrawnEdge>();
  /** what is highlighted now */
  let lit: SVGElement[] = [];

  function show(next: RunIndex) {
    index = next;
    largest = index.largestEffect;
    for (const { line } of edges.values()) line.remove();
    edges.clear();
    known.clear();
    lit = [];
    nodes = index.run.slots.map((_, slot) => {
      const body = svg("path", { class: "body" });
      const hit = svg("circle", { class: "hit" });
      const group = svg("g", { "data-id": `s${slot}`, role: "button" }, hit, body);
      return { group, body, look: "", name: "" };
    });
    nodeLayer.replaceChildren(...nodes.map(({ group }) => group));
  }

  function resize(available: number) {
    layout = layOut(index.run, Math.max(300, available));
    const { width, height } = layout;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("width", String(width));
    picture.setAttribute("height", String(height));
    nodeLayer.style.fontSize = `${layout.radius.toFixed(2)}px`;
    frame.replaceChildren(...frameParts(index, layout));
    tokens = [...frame.querySelectorAll<SVGElement>(".end")];
    nodes.forEach((node, slot) => {
      const { x, y } = layout.slots[slot];
      node.group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      node.group.querySelector(".hit")!.setAttribute("r", (layout.radius * 1.4).toFixed(1));
      node.ring?.setAttribute("d", ringShape(layout.radius));
      node.look = "";
    });
    for (const { line, edge } of known.values()) {
      line.setAttribute("d", edgePath(layout, edge.source, edge.target));
    }
  }

  function update(t: number, other: Side | null) {
    time = t;
    const { state } = store;
    const only = other ? onlyHere({ index, t }, other) : null;
    const all = index.edges(t, state.tokens === "yes");
    const pinned = main ? state.pinned : null;
    // what is pinned keeps its edges, however weak
    const shown = all.filter(({ id, source, target }, rank) =>
      rank < (state.top ?? Infinity) || pinned !== null && [id, source, target].includes(pinned)
    );
    hidden = all.length - shown.length;
    const ages = Math.max(1, index.run.checkpoints.length - 1);
    const present = new Set(shown.map(({ id }) => id));
    for (const [id, { line }] of edges) {
      if (present.has(id)) continue;
      line.remove();
      edges.delete(id);
    }
    for (const edge of shown) {
      let drawn = known.get(edge.id);
      if (!drawn) {
        const d = edgePath(layout, edge.source, edge.target);
        known.set(
          edge.id,
          drawn = { line: svg("path", { "data-id": edge.id, d }), edge, look: "" },
        );
      }
      if (!edges.has(edge.id)) {
        edges.set(edge.id, drawn);
        edgeLayer.append(drawn.line);
      }
      drawn.edge = edge;
      const [share] = edge.share, size = Math.min(1, Math.abs(share));
      const age = Math.round(AGES * (t - edge.since) / ages);
      const kind = only === null ? "" : only.edges.has(edge.id) ? " only" : " shared";
      const name = `edge age-${age} ${share < 0 ? "negative" : "positive"}${kind}`;
      const width = (0.7 + 4.3 * Math.sqrt(size)).toFixed(1);
      if (drawn.look === name + width) continue;
      drawn.look = name + width;
      drawn.line.setAttribute("class", name);
      drawn.line.setAttribute("stroke-width", width);
    }
    const used = new Set(shown.flatMap(({ source, target }) => [source, target]));
    nodes.forEach((node, slot) => drawNode(node, slot, t, only?.nodes ?? null, used));
    for (const token of tokens) token.classList.toggle("used", used.has(token.dataset.id!));
    picture.dataset.colour = state.colour;
    picture.classList.toggle("bare", state.outside === "no");
    tellAbility(t);
    highlight();
  }

  function drawNode(
    node: DrawnNode,
    slot: number,
    t: number,
    only: ReadonlySet<number> | null,
    used: ReadonlySet<string>,
  ) {
    const found = index.nodes(t).get(slot);
    const life = index.life(slot, t);
    const effect = found?.effect[0] ?? 0;
    const turn = found ? index.turn(slot, t) : null;
    const classes = ["node", life, effect < 0 ? "negative" : "positive"];
    if (index.isBorn(slot, t)) classes.push("born");
    if (index.hasDied(slot, t)) classes.push("died");
    if (only && found) classes.push(only.has(slot) ? "only" : "shared");
    if (found && !used.has(`s${slot}`)) classes.push("quiet");
    const { run } = index, { role, numbers } = run.slots[slot];
    const strength = found ? Math.ceil(STRENGTHS * Math.sqrt(Math.abs(effect) / largest)) : 0;
    const look = `${classes.join(" ")} ${strength} ${turn?.toFixed(0)}`;
    const name = `${slotName(run.slots[slot], t)} at ${run.roles[role]}`;
    if (node.name !== name) node.group.setAttribute("aria-label", node.name = name);
    if (node.look === look) return;
    node.look = look;
    const { group, body } = node;
    group.setAttribute("class", classes.join(" "));
    body.setAttribute("d", nodeShape(life, numbers === null, effect < 0, layout.radius));
    if (found) {
      body.setAttribute("fill-opacity", (0.25 + 0.75 * strength / STRENGTHS).toFixed(2));
      group.setAttribute("tabindex", "0");
    } else {
      body.removeAttribute("fill-opacity");
      group.removeAttribute("tabindex");
    }
    drawMark(node, "ring", found && classes.includes("born") ? ringShape(layout.radius) : "");
    drawMark(node, "turn", turn === null ? "" : turnShape(turn, layout.radius));
  }

  /** Draws a ring or an arc; an empty path removes it. */
  function drawMark(node: DrawnNode, kind: "ring" | "turn", path: string) {
    if (path === "") {
      node[kind]?.remove();
      delete node[kind];
      return;
    }
    if (!node[kind]) {
      node[kind] = svg("path", { class: kind });
      node.group.insertBefore(node[kind], node.body);
    }
    node[kind].setAttribute("d", path);
  }

  function tellAbility(t: number) {
    const { circuit, metric: [mean, low, high], accuracy, step } = index.run.checkpoints[t];
    cannot.hidden = circuit !== null;
    box.classList.toggle("hatched", circuit === null);
    const f = (x: number) => x.toFixed(2).replace("-", "−");
    cannot.textContent = circuit !== null
      ? ""
      : `The model cannot do the task at step ${integer(step)}: metric ${f(mean)} [${f(low)}, ${
        f(high)
      }], ${Math.round(100 * accuracy)} % of prompts right. No circuit was searched.`;
  }

  function highlight() {
    const { hovered } = store.state;
    const pinned = main ? store.state.pinned : null;
    const focus = hovered?.startsWith(figure.id) ? hovered.slice(figure.id.length + 1) : pinned;
    const ends = focus === null ? [] : focus.split(">");
    picture.classList.toggle("focused", focus !== null);
    for (const element of lit) element.classList.remove("lit", "pin");
    lit = [];
    if (focus === null) return;
    const near = new Set(ends);
    for (const { line, edge } of edges.values()) {
      const touched = ends.length > 1
        ? edge.id === focus
        : edge.source === focus || edge.target === focus;
      if (!touched) continue;
      lit.push(line);
      near.add(edge.source).add(edge.target);
    }
    for (const end of near) lit.push(...groupOf(end));
    for (const element of lit) element.classList.add("lit");
    if (pinned && !pinned.includes(">")) {
      for (const element of groupOf(pinned)) element.classList.add("pin");
    }
  }

  function groupOf(end: string): SVGElement[] {
    const slot = slotOf(end);
    if (slot !== undefined) return nodes[slot] ? [nodes[slot].group] : [];
    return tokens.filter(({ dataset }) => dataset.id === end);
  }

  const idAt = (event: Event) =>
    (event.target as Element).closest<SVGElement>("[data-id]")?.dataset.id ?? null;

  picture.addEventListener("pointerover", (event) => {
    const id = idAt(event);
    if (id === null) return;
    store.set({ hovered: `${figure.id} ${id}` });
    const edge = edges.get(id)?.edge;
    showTooltip(event, edge ? describeEdge(index, edge, time) : describeEnd(index, id, time));
  });
  picture.addEventListener("pointermove", (event) => {
    if (idAt(event) !== null) showTooltip(event);
  });
  picture.addEventListener("pointerout", (event) => {
    if (idAt(event) === null) return;
    store.set({ hovered: null });
    hideTooltip();
  });
  picture.addEventListener(
    "focusin",
    (event) => store.set({ hovered: `${figure.id} ${idAt(event)}` }),
  );
  picture.addEventListener("focusout", () => store.set({ hovered: null }));
  const pin = (id: string | null) => {
    hideTooltip();
    if (!main || id === "out" || id?.startsWith("t") && !id.includes(">")) return;
    store.set({ pinned: store.state.pinned === id ? null : id });
  };
  picture.addEventListener("click", (event) => pin(idAt(event)));
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter") pin(idAt(event));
  });

  const width = () => box.clientWidth;
  return { show, width, resize, update, highlight, hiddenEdges: () => hidden, picture };
}
