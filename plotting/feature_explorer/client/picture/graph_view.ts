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
import { SlidingCanvas } from "./sliding_canvas.ts";
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
  /** Draws a checkpoint on the canvas; `update` follows at rest. */
  slide(t: number, other: Side | null): void;
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
  const canvas = new SlidingCanvas(box, picture);
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
    canvas.place(layout);
    for (const { line, edge } of known.values()) {
      line.setAttribute("d", edgePath(layout, edge.source, edge.target));
    }
  }

  /** Returns the edges that are drawn, strongest first, and counts the others. */
  function shownEdges(t: number): ShownEdge[] {
    const { top, tokens } = store.state;
    const all = index.edges(t, tokens === "yes");
    const pinned = main ? store.state.pinned : null;
    // what is pinned keeps its edges, however weak
    const shown = all.filter(({ id, source, target }, rank) =>
      rank < (top ?? Infinity) || pinned !== null && [id, source, target].includes(pinned)
    );
    hidden = all.length - shown.length;
    return shown;
  }

  function edgeLook(
    { id, share: [share], since }: ShownEdge,
    only: ReadonlySet<string> | undefined,
  ) {
    const age = Math.round(AGES * (time - since) / Math.max(1, index.run.checkpoints.length - 1));
    const kind = only === undefined ? "" : only.has(id) ? " only" : " shared";
    return {
      classes: `edge age-${age} ${share < 0 ? "negative" : "positive"}${kind}`,
      width: (0.7 + 4.3 * Math.sqrt(Math.min(1, Math.abs(share)))).toFixed(1),
    };
  }

  function slide(t: number, other: Side | null) {
    time = t;
    const only = other ? onlyHere({ index, t }, other) : null;
    const shown = shownEdges(t), focus = focusOf(shown);
    picture.classList.toggle("focused", focus !== null);
    canvas.begin();
    for (const edge of shown) {
      const { classes, width } = edgeLook(edge, only?.edges);
      const shape = edgePath(layout, edge.source, edge.target);
      const lit = focus?.edges.has(edge.id) ? " lit" : "";
      canvas.paint(edgeLayer, { classes: classes + lit, width, shape });
    }
    marks.paint(t, only?.nodes ?? null, canvas, {
      lit: focus?.ends,
      pinned: main ? store.state.pinned : null,
      outside: store.state.outside === "yes",
    });
    tellAbility(t);
  }

  function update(t: number, other: Side | null) {
    time = t;
    const { state } = store;
    const only = other ? onlyHere({ index, t }, other) : null;
    const shown = shownEdges(t);
    canvas.end();
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
      const { classes, width } = edgeLook(edge, only?.edges);
      if (drawn.look === classes + width) continue;
      drawn.look = classes + width;
      drawn.line.setAttribute("class", classes);
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

  /** Returns what is highlighted with the element under the pointer, or the pinned one; null for none. */
  function focusOf(shown: Iterable<ShownEdge>): { edges: Set<string>; ends: Set<string> } | null {
    const { hovered, pinned } = store.state;
    const own = hovered?.startsWith(figure.id) ? hovered.slice(figure.id.length + 1) : null;
    const focus = own ?? (main ? pinned : null);
    if (focus === null) return null;
    const found = { edges: new Set<string>(), ends: new Set(focus.split(">")) };
    for (const { id, source, target } of shown) {
      if (id !== focus && source !== focus && target !== focus) continue;
      found.edges.add(id);
      found.ends.add(source).add(target);
    }
    return found;
  }

  function highlight() {
    const focus = focusOf(Array.from(edges.values(), ({ edge }) => edge));
    picture.classList.toggle("focused", focus !== null);
    for (const element of lit) element.classList.remove("lit", "pin");
    lit = [];
    if (focus === null) return;
    for (const id of focus.edges) lit.push(edges.get(id)!.line);
    for (const end of focus.ends) lit.push(...groupOf(end));
    for (const element of lit) element.classList.add("lit");
    const pinned = main ? store.state.pinned : null;
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
    if (id !== over || id !== null && store.state.hovered === null) {
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
  return { show, width, resize, update, slide, highlight, hiddenEdges: () => hidden, picture };
}
