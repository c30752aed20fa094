/** The items of the subgraph: groups, pinned nodes without a group, and the tokens and targets that they connect. */
import { type GroupEdge, groupEdges } from "../../../../utils/graphs/mod.ts";
import { shortName, visibleText } from "../names.ts";
import type { GraphModel } from "../page_model.ts";
import type { State } from "../state.ts";

/** A box of the subgraph. */
export interface Item {
  /** id of a single node; absent for a group */
  id?: string;
  /** place among the groups, for colours; absent for a single node */
  group?: number;
  /** what the box says */
  text: string;
  /** node numbers */
  members: number[];
  /** mean layer: −1 for tokens, L for targets */
  layer: number;
  /** mean position */
  position: number;
}

/** Shares of input below this are not drawn. */
export const SMALL_SHARE = 0.01;

/** Tokens of the prompt are drawn from this share of the input of an item on. */
const TOKEN_SHARE = 0.03;

/** The subgraph of the pins. */
export interface Subgraph {
  items: Item[];
  /** edges from {@link SMALL_SHARE} on */
  edges: GroupEdge[];
  /** edges that are smaller */
  small: number;
}

/** Returns the items of a state and the edges between them. */
export function subgraphOf(model: GraphModel, { pins, groups, labels }: State): Subgraph {
  const { nodes, byId, firstTarget, firstBias, influence, data } = model;
  const mean = (members: number[], of: (node: number) => number) =>
    members.reduce((sum, node) => sum + of(node), 0) / members.length;
  const itemOf = (members: number[], text: string, more: Pick<Item, "id" | "group">): Item => ({
    ...more,
    members,
    text,
    layer: mean(members, (node) => nodes[node].layer),
    position: mean(members, (node) => nodes[node].position),
  });
  const single = (node: number) => {
    const { id } = nodes[node];
    return itemOf([node], visibleText(labels[id] ?? shortName(model, nodes[node]), 26), { id });
  };
  const numbers = (ids: readonly string[]) =>
    ids.map((id) => byId.get(id)!.node).filter((node) => node < firstBias);
  const grouped = new Set(groups.flatMap(({ members }) => members));
  const own = [
    ...groups.map(({ name, members }, group) => ({ group, name, members: numbers(members) }))
      .filter(({ members }) => members.length > 0)
      .map(({ group, name, members }) =>
        itemOf(members, visibleText(name, 26) || "group", { group })
      ),
    ...numbers(pins.filter((id) => !grouped.has(id))).map(single),
  ];
  const taken = new Set(own.flatMap(({ members }) => members));
  const range = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => from + i).filter((node) => !taken.has(node));
  const targets = range(firstTarget, firstBias).map(single);
  const tokens = range(firstTarget - data.tokens.length, firstTarget).map(single);
  const candidates = [...own, ...targets, ...tokens];
  const all = groupEdges(
    model.graph,
    candidates.map(({ members }) => members),
    influence,
    model.sizes,
  );
  const firstToken = own.length + targets.length;
  const used = new Set(
    all.flatMap(({ source, share }) =>
      source < firstToken || Math.abs(share) >= TOKEN_SHARE ? [source] : []
    ),
  );
  const kept = candidates.map((_, i) => i < firstToken || used.has(i));
  const place = kept.reduce<number[]>(
    (places, keep) => [...places, places.at(-1)! + Number(keep)],
    [0],
  );
  const between = all.filter(({ target, source }) => kept[target] && kept[source])
    .map((edge) => ({ ...edge, target: place[edge.target], source: place[edge.source] }));
  const edges = between.filter(({ share }) => Math.abs(share) >= SMALL_SHARE);
  return {
    items: candidates.filter((_, i) => kept[i]),
    edges,
    small: between.length - edges.length,
  };
}

/** A placed item. */
export interface Box {
  x: number;
  y: number;
  width: number;
}

/** Places items in rows by layer, from tokens up to targets; in a row by position, side by side without overlap. */
export function placeItems(
  items: readonly Item[],
  width: number,
): { boxes: Box[]; width: number; height: number } {
  const rowOf = ({ layer }: Item) => Math.round(layer);
  const used = [...new Set(items.map(rowOf))].sort((a, b) => a - b);
  const ROW = 78, GAP = 14, MARGIN = 16;
  const height = ROW * Math.max(1, used.length) + 14;
  const boxes: Box[] = items.map(() => ({ x: 0, y: 0, width: 0 }));
  const positions = items.map(({ position }) => position);
  const [from, to] = [Math.min(...positions), Math.max(...positions)];
  let widest = width;
  for (const [r, row] of used.entries()) {
    const members = items.map((item, i) => ({ item, i })).filter(({ item }) => rowOf(item) === row)
      .sort((a, b) => a.item.position - b.item.position || a.i - b.i);
    const y = height - 7 - ROW * (r + 0.5);
    const sizes = members.map(({ item }) =>
      26 + 6.6 * [...item.text].length + (item.group === undefined ? 0 : 22)
    );
    const total = sizes.reduce((sum, size) => sum + size + GAP, -GAP);
    const room = Math.max(width, total + 2 * MARGIN);
    widest = Math.max(widest, room);
    const wanted = members.map(({ item }, k) =>
      to === from ? room / 2 : MARGIN + sizes[k] / 2 +
        (room - 2 * MARGIN - sizes[k]) * (item.position - from) / (to - from)
    );
    // from the left, then back from the right, so that boxes keep their order and stay inside
    let edge = MARGIN;
    const xs = wanted.map((x, k) => {
      const at = Math.max(x, edge + sizes[k] / 2);
      edge = at + sizes[k] / 2 + GAP;
      return at;
    });
    let limit = room - MARGIN;
    for (let k = xs.length - 1; k >= 0; k--) {
      xs[k] = Math.min(xs[k], limit - sizes[k] / 2);
      limit = xs[k] - sizes[k] / 2 - GAP;
    }
    members.forEach(({ i }, k) => boxes[i] = { x: xs[k], y, width: sizes[k] });
  }
  return { boxes, width: widest, height };
}
