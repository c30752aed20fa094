/**
 * Draws the circuit of one checkpoint as SVG. Every slot has an element that keeps its place; a checkpoint changes classes and
 * fills alone. Edges persist by name. So sliding touches just what changes.
 */
import { hideTooltip, integer, showTooltip, svg } from "../../page/client/mod.ts";
import { onlyHere, type Side } from "./comparison.ts";
import { describeEdge, describeEnd } from "./describe.ts";
import { edgePath, type Layout, layOut } from "./layout.ts";
import { nodeShape, ringShape, turnShape } from "./node_shape.ts";
import { RunIndex, type ShownEdge, slotName, slotOf } from "./run_index.ts";
import type { Store } from "./state.ts";

/** One of the page's two pictures. */
export interface GraphView {
  /** Shows a run; draws nothing yet. */
  show(index: RunIndex): void;
  /** Places everything at the current width. */
  resize(): void;
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
  ring: SVGPathElement;
  turn: SVGPathElement;
  /** what is drawn, to skip equal work */
  look: string;
}

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
  let largest = 1;
  const edges = new Map<string, { line: SVGPathElement; edge: ShownEdge; look: string }>();

  function show(next: RunIndex) {
    index = next;
    largest = index.largestEffect;
    for (const { line } of edges.values()) line.remove();
    edges.clear();
    nodes = index.run.slots.map((_, slot) => {
      const [body, ring, turn] = ["body", "ring", "turn"].map((name) =>
        svg("path", { class: name })
      );
      const group = svg(
        "g",
        { "data-id": `s${slot}`, role: "button" },
        svg("circle", { class: "hit" }),
        turn,
        ring,
        body,
      );
      return { group, body, ring, turn, look: "" };
    });
    nodeLayer.replaceChildren(...nodes.map(({ group }) => group));
  }

  function resize() {
    layout = layOut(index.run, Math.max(300, box.clientWidth));
    const { width, height } = layout;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("width", String(width));
    picture.setAttribute("height", String(height));
    picture.style.setProperty("--r", `${layout.radius}px`);
    frame.replaceChildren(...frameParts(index, layout));
    nodes.forEach((node, slot) => {
      const { x, y } = layout.slots[slot];
      node.group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      node.group.querySelector(".hit")!.setAttribute("r", (layout.radius * 1.4).toFixed(1));
      node.look = "";
    });
    for (const { line, edge } of edges.values()) {
      line.setAttribute("d", edgePath(layout, edge.source, edge.target));
    }
  }

  function update(t: number, other: Side | null) {
    time = t;
    const { state } = store;
    const only = other ? onlyHere({ index, t }, other) : null;
    const all = index.edges(t, state.tokens === "yes");
    const shown = state.top === null ? all : all.slice(0, state.top);
    hidden = all.length - shown.length;
    const ages = Math.max(1, index.run.checkpoints.length - 1);
    const present = new Set(shown.map(({ id }) => id));
    for (const [id, { line }] of edges) {
      if (present.has(id)) continue;
      line.remove();
      edges.delete(id);
    }
    for (const edge of shown) {
      let drawn = edges.get(edge.id);
      if (!drawn) {
        const line = svg("path", {
          "data-id": edge.id,
          d: edgePath(layout, edge.source, edge.target),
        });
        edgeLayer.append(line);
        edges.set(edge.id, drawn = { line, edge, look: "" });
      }
      drawn.edge = edge;
      const [share] = edge.share, size = Math.min(1, Math.abs(share));
      const age = Math.round(100 * (t - edge.since) / ages);
      const kind = only === null ? "" : only.edges.has(edge.id) ? " only" : " shared";
      const name = `edge ${share < 0 ? "negative" : "positive"}${kind}`;
      const style = `--age:${age}%;stroke-width:${(0.7 + 4.3 * Math.sqrt(size)).toFixed(2)}px`;
      if (drawn.look === name + style) continue;
      drawn.look = name + style;
      drawn.line.setAttribute("class", name);
      drawn.line.setAttribute("style", style);
    }
    const used = new Set(shown.flatMap(({ source, target }) => [source, target]));
    nodes.forEach((node, slot) => drawNode(node, slot, t, only?.nodes ?? null, used));
    for (const end of frame.querySelectorAll<SVGElement>(".token")) {
      end.classList.toggle("used", used.has(end.dataset.id!));
    }
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
    const strength = found ? 0.25 + 0.75 * Math.sqrt(Math.abs(effect) / largest) : 0;
    const look = `${classes.join(" ")} ${strength.toFixed(2)} ${turn?.toFixed(0)}`;
    if (node.look === look) return;
    node.look = look;
    const isError = index.run.slots[slot].numbers === null;
    node.group.setAttribute("class", classes.join(" "));
    node.body.setAttribute("d", nodeShape(life, isError, effect < 0, layout.radius));
    node.body.style.fillOpacity = found ? strength.toFixed(2) : "";
    node.ring.setAttribute("d", ringShape(layout.radius));
    node.turn.setAttribute("d", turn === null ? "" : turnShape(turn, layout.radius));
    if (found) node.group.setAttribute("tabindex", "0");
    else node.group.removeAttribute("tabindex");
    const { run } = index, { role } = run.slots[slot];
    node.group.setAttribute("aria-label", `${slotName(run.slots[slot], t)} at ${run.roles[role]}`);
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
    const near = new Set(ends);
    for (const { line, edge } of edges.values()) {
      const lit = focus !== null &&
        (ends.length > 1 ? edge.id === focus : edge.source === focus || edge.target === focus);
      line.classList.toggle("lit", lit);
      if (lit) near.add(edge.source).add(edge.target);
    }
    for (const end of picture.querySelectorAll<SVGElement>("[data-id].lit, [data-id].pin")) {
      if (!near.has(end.dataset.id!) && !end.classList.contains("edge")) {
        end.classList.remove("lit");
      }
      end.classList.remove("pin");
    }
    for (const end of near) groupOf(end)?.classList.add("lit");
    if (pinned && !pinned.includes(">")) groupOf(pinned)?.classList.add("pin");
  }

  function groupOf(end: string): SVGElement | null {
    const slot = slotOf(end);
    return slot === undefined
      ? frame.querySelector<SVGElement>(`[data-id="${end}"]`)
      : nodes[slot]?.group ?? null;
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

  return { show, resize, update, highlight, hiddenEdges: () => hidden, picture };
}

/** Returns rows with their layers, columns with their roles, the metric and the tokens. */
function frameParts({ run }: RunIndex, layout: Layout): SVGElement[] {
  const { columns, rows, width, out, tokens } = layout;
  const bottom = rows[0]?.bottom ?? 0;
  return [
    ...rows.map(({ layer, top, bottom }) =>
      svg("text", { class: "layer", x: 2, y: (top + bottom) / 2, dy: "0.35em" }, `L${layer}`)
    ),
    ...rows.slice(0, -1).map(({ top }) =>
      svg("line", { class: "between", x1: 24, x2: width, y1: top - 11, y2: top - 11 })
    ),
    ...columns.slice(1).map(({ left }) =>
      svg("line", { class: "between", x1: left - 9, x2: left - 9, y1: 30, y2: bottom + 8 })
    ),
    svg(
      "g",
      { class: "end metric", "data-id": "out" },
      svg("rect", { x: out.x - 27, y: out.y - 9, width: 54, height: 18, rx: 3 }),
      svg("text", { x: out.x, y: out.y, dy: "0.35em", "text-anchor": "middle" }, "metric"),
    ),
    ...tokens.map(({ x, y }, role) => {
      const name = run.roles[role];
      const half = Math.max(14, 3.6 * Math.min(name.length, 12) + 5);
      return svg(
        "g",
        { class: "end token", "data-id": `t${role}` },
        svg("rect", { x: x - half, y, width: 2 * half, height: 18, rx: 3 }),
        svg(
          "text",
          { x, y: y + 9, dy: "0.35em", "text-anchor": "middle" },
          name.length > 12 ? `${name.slice(0, 11)}…` : name,
        ),
      );
    }),
  ];
}
