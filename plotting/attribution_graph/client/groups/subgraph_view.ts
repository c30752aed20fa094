/** Draws the subgraph of the pins: a box per group or node, edges as signed shares of the target's input. */
import {
  byId,
  fact,
  hideTooltip,
  html,
  number,
  percent,
  plural,
  showTooltip,
  svg,
  titled,
} from "../../../page/client/mod.ts";
import { longName } from "../names.ts";
import type { GraphModel } from "../page_model.ts";
import type { Store } from "../state.ts";
import {
  type Box,
  type Item,
  placeItems,
  SMALL_SHARE,
  type Subgraph,
  subgraphOf,
} from "./items.ts";

const HALF = 15;

export interface SubgraphView {
  update(model: GraphModel): void;
  /** Marks the clicked node. */
  highlight(): void;
}

export function createSubgraphView(store: Store): SubgraphView {
  const root = byId<SVGSVGElement>("subgraph"), box = byId("subgraph-box");
  let hovered: number | null = null;
  let drawn: { subgraph: Subgraph; lines: SVGGElement[]; boxes: SVGGElement[] } | undefined;

  function update(model: GraphModel) {
    const empty = store.state.pins.length === 0;
    byId("no-pins").hidden = !empty;
    box.hidden = empty;
    byId("subgraph-note").hidden = empty;
    if (empty) {
      root.replaceChildren();
      drawn = undefined;
      return;
    }
    const subgraph = subgraphOf(model, store.state);
    const { items, edges, small } = subgraph;
    const { boxes, width, height } = placeItems(items, Math.max(320, box.clientWidth));
    for (
      const [key, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })
    ) {
      root.setAttribute(key, String(value));
    }
    const order = [...edges].sort((a, b) => Math.abs(a.share) - Math.abs(b.share));
    const lines = order.map((edge) => line(items, boxes, edge));
    subgraph.edges = order;
    const drawnBoxes = items.map((item, i) => itemBox(model, item, boxes[i], i));
    root.replaceChildren(svg("g", { class: "sub-edges" }, ...lines), svg("g", {}, ...drawnBoxes));
    drawn = { subgraph, lines, boxes: drawnBoxes };
    byId("subgraph-note").textContent =
      `An edge is the signed share of its target’s input, weighted by the influence of the members. ` +
      `${plural(small, "edge")} below ${percent(SMALL_SHARE)} ${
        small === 1 ? "is" : "are"
      } not drawn.`;
    highlight();
  }

  function line(
    items: readonly Item[],
    boxes: readonly Box[],
    edge: Subgraph["edges"][number],
  ): SVGGElement {
    const from = boxes[edge.source], to = boxes[edge.target];
    const path = edgePath(from, to);
    const size = Math.sqrt(Math.min(1, Math.abs(edge.share)));
    const element = svg("path", { class: "line", d: path });
    element.style.strokeWidth = `${(0.8 + 8 * size).toFixed(2)}px`;
    element.style.strokeOpacity = (0.35 + 0.6 * size).toFixed(2);
    const group = svg(
      "g",
      { class: `sub-edge ${edge.share < 0 ? "negative" : "positive"}` },
      svg("path", { class: "hit", d: path }),
      element,
    );
    group.addEventListener(
      "pointermove",
      (event) =>
        showTooltip(
          event,
          titled(
            `${items[edge.source].text} → ${items[edge.target].text}`,
            fact("of the input", percent(edge.share)),
          ),
        ),
    );
    group.addEventListener("pointerleave", hideTooltip);
    return group;
  }

  function itemBox(model: GraphModel, item: Item, { x, y, width }: Box, i: number): SVGGElement {
    const { id, group, members, text } = item;
    const kind = group !== undefined ? "group" : model.nodes[members[0]].kind;
    const element = svg(
      "g",
      {
        class: `item ${kind}`,
        transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
        tabindex: 0,
        role: "button",
        "aria-label": group === undefined
          ? longName(model, model.nodes[members[0]])
          : `Group ${text}, ${plural(members.length, "node")}`,
        ...(group === undefined ? {} : { "data-group": group % 8 }),
        ...(id === undefined ? {} : { "data-item": id }),
      },
      ...(group === undefined ? [] : [
        svg("rect", {
          class: "behind",
          x: -width / 2 + 3,
          y: -HALF + 3,
          width,
          height: 2 * HALF,
          rx: 5,
        }),
      ]),
      svg("rect", {
        class: "body",
        x: -width / 2,
        y: -HALF,
        width,
        height: 2 * HALF,
        rx: kind === "feature" ? HALF : 4,
      }),
      svg("text", { dy: "0.35em" }, group === undefined ? text : `${text} (${members.length})`),
    );
    const open = () => store.set({ clicked: id ?? model.nodes[members[0]].id });
    element.addEventListener("click", open);
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter") open();
    });
    element.addEventListener("pointerenter", (event) => {
      hovered = i;
      highlight();
      showTooltip(event, tooltip(model, item));
    });
    element.addEventListener("pointermove", (event) => showTooltip(event));
    element.addEventListener("pointerleave", () => {
      hovered = null;
      hideTooltip();
      highlight();
    });
    return element;
  }

  function tooltip(model: GraphModel, { group, members, text }: Item): HTMLElement {
    const influence = members.reduce((sum, node) => sum + (model.influence[node] ?? 0), 0);
    return titled(
      group === undefined ? longName(model, model.nodes[members[0]]) : text,
      ...(group === undefined
        ? []
        : members.slice(0, 8).map((node) => html("div", {}, longName(model, model.nodes[node])))),
      ...(members.length > 8 ? [html("div", {}, `and ${members.length - 8} more`)] : []),
      fact("influence", number(influence)),
    );
  }

  function highlight() {
    if (!drawn) return;
    const { subgraph: { edges, items }, lines, boxes } = drawn;
    const { clicked } = store.state;
    root.classList.toggle("focused", hovered !== null);
    edges.forEach(({ source, target }, e) =>
      lines[e].classList.toggle("near", source === hovered || target === hovered)
    );
    items.forEach(({ id }, i) => {
      const near = i === hovered ||
        edges.some(({ source, target }) =>
          source === hovered && target === i || target === hovered && source === i
        );
      boxes[i].classList.toggle("near", near);
      boxes[i].classList.toggle("clicked", id !== undefined && id === clicked);
    });
  }
  return { update, highlight };
}

/** Returns the curve between boxes: straight up, or around the side where the target is not above. */
function edgePath(from: Box, to: Box): string {
  const f = (value: number) => value.toFixed(1);
  const half = Math.max(0, to.width / 2 - 16);
  const x2 = Math.max(to.x - half, Math.min(to.x + half, from.x));
  const [y1, y2] = [from.y - HALF, to.y + HALF];
  if (y1 - y2 > 4) {
    const bend = (y1 - y2) * 0.45;
    return `M${f(from.x)} ${f(y1)}C${f(from.x)} ${f(y1 - bend)} ${f(x2)} ${f(y2 + bend)} ${f(x2)} ${
      f(y2)
    }`;
  }
  // same row, or downwards between groups that span layers: over the top
  const lift = Math.min(from.y, to.y) - HALF - 24;
  return `M${f(from.x)} ${f(y1)}C${f(from.x)} ${f(lift)} ${f(to.x)} ${f(lift)} ${f(to.x)} ${
    f(to.y - HALF)
  }`;
}
