/**
 * Draws the graph: edges on two canvases (all, and those of the node under the pointer), nodes as SVG above them, position and
 * layer axes that stay in place while the reader zooms.
 */
import {
  enableZoom,
  fitView,
  hideTooltip,
  oncePerFrame,
  pictureAt,
  showTooltip,
  svg,
  type View,
} from "../../../page/client/mod.ts";
import { axesOf } from "./axes.ts";
import { describeEdge, describeNode } from "../describe.ts";
import { createEdgeCanvas, type DrawnEdge, nearestEdge } from "./edges.ts";
import { type GraphLayout, layOut } from "./layout.ts";
import { longName, shortName, tokenLabel, visibleText } from "../names.ts";
import { nodeShape } from "./node_shape.ts";
import type { GraphModel, PageNode } from "../page_model.ts";
import { edgesAt, type Shown } from "../shown.ts";
import type { State, Store } from "../state.ts";

const LIMITS = [0.15, 12] as const;
/** Room of the axes. */
export const LEFT = 44, BOTTOM = 44, TOP = 10, RIGHT = 12;

export interface GraphView {
  /** Draws what is shown; places change. */
  update(model: GraphModel, shown: Shown): void;
  /** Marks nodes and edges; places stay. */
  highlight(): void;
  /** what is drawn, for pictures */
  drawn(): { layout: GraphLayout; view: View; edges: DrawnEdge[]; largest: number };
  /** Moves the focus from a node to the next one in a direction. */
  move(from: number, dx: number, dy: number): void;
}

/** @param box contains the picture @param root the picture's SVG */
export function createGraphView(
  store: Store,
  { box, root }: { box: HTMLElement; root: SVGSVGElement },
): GraphView {
  const all = createEdgeCanvas(), some = createEdgeCanvas();
  box.prepend(all.element, some.element);
  const axisLayer = root.appendChild(svg("g", { class: "axes" }));
  const nodeLayer = root.appendChild(svg("g", { class: "nodes" }));
  let model: GraphModel, shown: Shown, layout: GraphLayout;
  let elements = new Map<number, SVGGElement>();
  let marked: DrawnEdge[] = [];

  /** Returns the size of the box without its axes. */
  const room = () => ({
    width: Math.max(200, box.clientWidth - LEFT - RIGHT),
    height: Math.max(160, box.clientHeight - BOTTOM - TOP),
  });

  /** Returns the view that shows everything. */
  function fitted(): View {
    const frame = room(), view = fitView(layout, frame);
    const scale = Math.min(1.25, view.scale);
    return {
      scale,
      x: LEFT + (frame.width - scale * layout.width) / 2,
      y: TOP + (frame.height - scale * layout.height) / 2,
    };
  }
  const view = () => store.state.view ?? fitted();

  function update(newModel: GraphModel, newShown: Shown) {
    [model, shown] = [newModel, newShown];
    const { tokenTexts } = model.data;
    layout = layOut(
      model,
      shown.nodes,
      room(),
      (position) => 6.3 * tokenLabel(tokenTexts[position]).length,
      (node) => 16 + 6.1 * shortName(model, node).length,
    );
    root.setAttribute("viewBox", `0 0 ${box.clientWidth} ${box.clientHeight}`);
    const focused = document.activeElement?.closest<SVGGElement>(".node")?.dataset.node;
    elements = new Map(shown.nodes.map((node) => [node.node, elementOf(node)]));
    nodeLayer.replaceChildren(...elements.values());
    const again = focused && model.byId.get(focused);
    if (again) elements.get(again.node)?.focus({ preventScroll: true });
    place();
    all.draw(shown.edges, layout, view(), shown.largest, false);
    highlight();
  }

  function elementOf(node: PageNode): SVGGElement {
    const width = layout.spots.get(node.node)!.width;
    const group = svg(
      "g",
      {
        class: `node ${node.kind}`,
        "data-node": node.id,
        role: "button",
        tabindex: "-1",
        "aria-label": longName(model, node),
      },
      ...nodeShape(node, width),
      ...(node.kind === "target"
        ? [svg("text", { class: "target-name", dy: "0.35em" }, shortName(model, node))]
        : []),
      svg("text", { class: "label", y: 17 }),
    );
    group.addEventListener("pointerenter", (event) => hover(node, event));
    group.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      showTooltip(event);
    });
    group.addEventListener("pointerleave", leave);
    group.addEventListener("focus", () => {
      if (group.matches(":focus-visible")) store.set({ hovered: node.id });
    });
    group.addEventListener("blur", leave);
    group.addEventListener("click", (event) => {
      event.stopPropagation();
      hideTooltip();
      if (event.ctrlKey || event.metaKey || event.shiftKey) togglePin(store, node.id);
      else store.set({ clicked: store.state.clicked === node.id ? null : node.id });
    });
    return group;
  }

  function hover(node: PageNode, event: PointerEvent) {
    store.set({ hovered: node.id });
    showTooltip(event, describeNode(model, shown, store.state, node));
  }

  function leave() {
    if (store.state.hovered !== null) store.set({ hovered: null });
    hideTooltip();
  }

  /** Places nodes and axes by the view. */
  function place() {
    const { scale, x, y } = view();
    const size = Math.min(1.7, Math.max(0.55, scale));
    for (const [node, element] of elements) {
      const spot = layout.spots.get(node)!;
      const [left, top] = [scale * spot.x + x, scale * spot.y + y];
      element.setAttribute(
        "transform",
        `translate(${left.toFixed(1)} ${top.toFixed(1)}) scale(${size.toFixed(3)})`,
      );
    }
    nodeLayer.classList.toggle("close", scale > 1.9);
    axisLayer.replaceChildren(
      ...axesOf(model, layout, view(), { width: box.clientWidth, height: box.clientHeight }),
    );
  }

  function highlight() {
    const { hovered, clicked, pins, groups, labels } = store.state;
    const edge = hovered?.split("<") ?? [];
    const focus = edge.length === 1
      ? model.byId.get(hovered!)
      : clicked
      ? model.byId.get(clicked)
      : null;
    marked = focus ? edgesAt(model, shown, focus.node) : [];
    if (edge.length === 2) {
      const [target, source] = edge.map((id) => model.byId.get(id)!.node);
      marked = [...marked, { target, source, weight: model.edge(target, source) }];
    }
    const near = new Set(marked.flatMap(({ target, source }) => [target, source]));
    if (focus) near.add(focus.node);
    box.classList.toggle("focused", marked.length > 0 || focus != null);
    const pinned = new Set(pins);
    const groupOf = new Map(groups.flatMap(({ members }, g) => members.map((id) => [id, g])));
    for (const [node, element] of elements) {
      const { id } = model.nodes[node];
      element.classList.toggle("near", near.has(node));
      element.classList.toggle("lit", id === hovered || edge.includes(id) && edge.length === 2);
      element.classList.toggle("clicked", id === clicked);
      element.classList.toggle("pinned", pinned.has(id));
      element.classList.toggle("extra", shown.extra.has(node));
      element.setAttribute("aria-pressed", String(id === clicked));
      const group = groupOf.get(id);
      if (group === undefined) delete element.dataset.group;
      else element.dataset.group = String(group % 8);
      const text = labels[id] ?? shortName(model, model.nodes[node]);
      const label = element.querySelector(".label")!;
      const always = labels[id] !== undefined || id === clicked || pinned.has(id) && roomy(node);
      label.classList.toggle("always", always && model.nodes[node].kind !== "target");
      label.textContent = model.nodes[node].kind === "target"
        ? labels[id] ?? ""
        : visibleText(text, 24);
    }
    tabStop();
    some.draw(marked, layout, view(), shown.largest, true);
  }

  /** Tells whether a node has room for its name: whether its cell has few nodes. */
  function roomy(node: number): boolean {
    const { layer, position } = model.nodes[node];
    return shown.nodes.filter((other) => other.layer === layer && other.position === position)
      .length < 2;
  }

  /** Makes one node reachable with Tab: the clicked one, or the first. */
  function tabStop() {
    const clicked = store.state.clicked && model.byId.get(store.state.clicked);
    const stop = clicked ? clicked.node : shown.nodes.find(({ kind }) => kind === "target")?.node;
    for (const [node, element] of elements) {
      element.setAttribute("tabindex", node === stop ? "0" : "-1");
    }
  }

  function move(from: number, dx: number, dy: number) {
    const at = layout.spots.get(from)!;
    let best = Infinity, next: number | undefined;
    for (const [node, spot] of layout.spots) {
      const along = (spot.x - at.x) * dx + (spot.y - at.y) * dy;
      const aside = Math.abs((spot.x - at.x) * dy) + Math.abs((spot.y - at.y) * dx);
      if (along < 2 || node === from) continue;
      const cost = along + 2.5 * aside;
      if (cost < best) [best, next] = [cost, node];
    }
    if (next !== undefined) elements.get(next)?.focus();
  }

  enableZoom(root, {
    view,
    change: (view) => store.set({ view }),
    limits: LIMITS,
  });
  const nearest = oncePerFrame(() => {
    if (!pointer) return;
    const at = root.getBoundingClientRect();
    const current = view();
    const point = pictureAt(current, { x: pointer.clientX - at.left, y: pointer.clientY - at.top });
    const list = marked.length > 0 && store.state.clicked ? marked : shown.edges;
    const found = nearestEdge(list, layout, point, 5 / current.scale);
    if (!found) return leave();
    const [target, source] = [model.nodes[found.target], model.nodes[found.source]];
    store.set({ hovered: `${target.id}<${source.id}` });
    showTooltip(pointer, describeEdge(model, found));
  });
  let pointer: PointerEvent | undefined;
  root.addEventListener("pointermove", (event) => {
    pointer = event.buttons === 0 ? event : undefined;
    nearest();
  });
  root.addEventListener("pointerleave", () => {
    pointer = undefined;
    leave();
  });
  root.addEventListener("click", () => store.set({ clicked: null }));
  const redraw = oncePerFrame(() => {
    place();
    all.move(view());
    some.move(view());
  });
  store.subscribe((changed) => {
    if (changed.has("view") && layout) redraw();
  });
  return {
    update,
    highlight,
    move,
    drawn: () => ({
      layout,
      view: view(),
      edges: marked.length > 0 ? marked : shown.edges,
      largest: shown.largest,
    }),
  };
}

/** Pins a node, or removes its pin; it leaves its group then. */
export function togglePin(store: Store, id: string): void {
  const { pins, groups } = store.state;
  if (!pins.includes(id)) return store.set({ pins: [...pins, id] });
  store.set({ pins: pins.filter((pin) => pin !== id), groups: withoutMember(groups, id) });
}

/** Returns the groups without a node; a group that is left without members goes. */
export function withoutMember(groups: State["groups"], id: string): State["groups"] {
  return groups.map((group) => ({ ...group, members: group.members.filter((each) => each !== id) }))
    .filter(({ members }) => members.length > 0);
}
