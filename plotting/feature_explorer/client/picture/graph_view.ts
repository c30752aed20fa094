/**
 * Draws the circuit of one checkpoint as SVG. Every slot has an element that keeps its place; a checkpoint changes classes and
 * fills alone. Edges persist by name. So sliding touches just what changes.
 */
import { hideTooltip, integer, showTooltip, svg } from "../../../page/client/mod.ts";
import { onlyHere, type Side } from "../comparison.ts";
import { describeEdge, describeEnd } from "../describe.ts";
import { frameParts } from "./graph_frame.ts";
import { edgePath, type Layout, layOut, type Place } from "./layout.ts";
import { NodeMarks } from "./node_marks.ts";
import { RunIndex, type ShownEdge, slotOf } from "../run_index.ts";
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

interface DrawnEdge {
  line: SVGPathElement;
  edge: ShownEdge;
  look: string;
}

/** Reach of a mark for the pointer, in radii. */
const REACH = 1.4;
/** Ages differ in as many steps, as the rules of `graph.css` do. */
const AGES = 8;

/** Makes a picture inside a figure. @param main whether pins and hovers are of this picture's run */
export function createGraphView(figure: HTMLElement, store: Store, main: boolean): GraphView {
  const picture = figure.querySelector<SVGSVGElement>("svg")!;
  const box = figure.querySelector<HTMLElement>(".graph-box")!;
  const cannot = figure.querySelector<HTMLElement>(".cannot")!;
  const frame = picture.appendChild(svg("g", { class: "frame" }));
  const edgeLayer = picture.appendChild(svg("g", { class: "edges" }));
  const below = picture.appendChild(svg("g", { class: "below" }));
  const marks = new NodeMarks(picture.appendChild(svg("g", { class: "nodes" })), below);
  let index: RunIndex, layout: Layout, time = 0, hidden = 0;
  let tokens: SVGElement[] = [];
  /** edges drawn now, and all that were drawn before */
  const edges = new Map<string, DrawnEdge>(), known = new Map<string, DrawnEdge>();
  /** what is highlighted now */
  let lit: SVGElement[] = [];

  function show(next: RunIndex) {
    index = next;
    for (const { line } of edges.values()) line.remove();
    edges.clear();
    known.clear();
    lit = [];
    marks.show(index);
  }

  function resize(available: number) {
    layout = layOut(index.run, Math.max(300, available));
    const { width, height } = layout;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("width", String(width));
    picture.setAttribute("height", String(height));
    frame.replaceChildren(...frameParts(index, layout));
    tokens = [...frame.querySelectorAll<SVGElement>(".end")];
    marks.place(layout);
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
    marks.draw(t, only?.nodes ?? null);
    for (const token of tokens) token.classList.toggle("used", used.has(token.dataset.id!));
    picture.dataset.colour = state.colour;
    picture.classList.toggle("bare", state.outside === "no");
    tellAbility(t);
    highlight();
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
    if (slot !== undefined) return marks.of(slot);
    return tokens.filter(({ dataset }) => dataset.id === end);
  }

  /** Returns what an event is about: the element, or the mark near the pointer. */
  function idAt(event: Event): string | null {
    const found = (event.target as Element).closest<SVGElement>("[data-id]")?.dataset.id ?? null;
    if (!(event instanceof MouseEvent) || found !== null && slotOf(found) !== undefined) {
      return found;
    }
    const slot = slotNear(event);
    return slot === undefined ? found : `s${slot}`;
  }

  function slotNear({ clientX, clientY }: MouseEvent): number | undefined {
    const { left, top } = picture.getBoundingClientRect(), { slots, radius } = layout;
    const distance = ({ x, y }: Place) => Math.hypot(clientX - left - x, clientY - top - y);
    const slot = slots.findIndex((place, i) =>
      distance(place) <= REACH * radius &&
      (store.state.outside === "yes" || index.nodes(time).has(i))
    );
    return slot < 0 ? undefined : slot;
  }

  /** what the pointer is over */
  let over: string | null = null;
  function hover(id: string | null, event?: PointerEvent) {
    if (id !== over) {
      over = id;
      store.set({ hovered: id === null ? null : `${figure.id} ${id}` });
      if (id === null) return hideTooltip();
      const edge = edges.get(id)?.edge;
      showTooltip(event!, edge ? describeEdge(index, edge, time) : describeEnd(index, id, time));
    } else if (id !== null) showTooltip(event!);
  }
  picture.addEventListener("pointermove", (event) => hover(idAt(event), event));
  picture.addEventListener("pointerleave", () => hover(null));
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
