/**
 * The state of the page and how the address stores it. Pins, groups and labels have the names and forms that they have in
 * Neuronpedia's addresses and in `qParams` of its JSON.
 */
import {
  type AddressField,
  choiceField,
  readAddress,
  type Store as KitStore,
  type ThemeChoice,
  type View,
  writeAddress,
} from "../../page/client/mod.ts";
import type { GraphModel } from "./page_model.ts";

/** A group of nodes with a name. */
export interface Group {
  name: string;
  /** ids of its nodes; no node is in two groups */
  members: readonly string[];
}

/** What the reader does to a graph: saved in its JSON. */
export interface Marks {
  /** ids of the pinned nodes, in the order of pinning */
  pins: readonly string[];
  groups: readonly Group[];
  /** labels by node id */
  labels: Readonly<Record<string, string>>;
}

export interface State extends Marks {
  /** place of the graph on the page */
  graph: number;
  /** place of the graph beside it; null: none */
  compare: number | null;
  nodeThreshold: number;
  edgeThreshold: number;
  /** id of the node whose panel is open */
  clicked: string | null;
  /** id of the node under the pointer, or `target<source` of an edge; not in the address */
  hovered: string | null;
  /** how the graph is zoomed; null: all of it */
  view: View | null;
  biases: "show" | "hide";
  palette: "safe" | "field";
  heads: "sum" | "split";
  theme: ThemeChoice;
}

export type Store = KitStore<State>;

export const NO_MARKS: Marks = { pins: [], groups: [], labels: {} };

/** Returns the state of a page that shows a graph as its file says. */
export function initialState(models: readonly GraphModel[], graph = 0): State {
  const model = models[graph], { thresholds } = model.data;
  return {
    graph,
    compare: null,
    nodeThreshold: Math.min(model.mostThreshold, thresholds.node),
    edgeThreshold: thresholds.edge,
    clicked: null,
    hovered: null,
    view: null,
    biases: "show",
    palette: "safe",
    heads: "sum",
    theme: "auto",
    ...marksOf(model, model.data.marks),
  };
}

/** Marks as `qParams` of Neuronpedia's JSON has them. */
export interface QParams {
  pinnedIds: string[];
  supernodes: string[][];
  clerps?: unknown;
}

/** Reads marks; ignores nodes that the graph does not have. A node belongs to the first group that names it. */
export function marksOf(model: GraphModel, q: QParams | undefined): Marks {
  if (!q) return NO_MARKS;
  const known = (ids: readonly string[]) => ids.flatMap((id) => ownId(model, id) ?? []);
  const taken = new Set<string>();
  const groups = q.supernodes.map(([name, ...ids]) => ({
    name,
    members: known(ids).filter((id) => !taken.has(id) && taken.add(id)),
  })).filter(({ name, members }) => typeof name === "string" && members.length > 0);
  const pins = new Set([...known(q.pinnedIds), ...taken]);
  const labels: Record<string, string> = {};
  for (const pair of Array.isArray(q.clerps) ? q.clerps : []) {
    const [id, label] = Array.isArray(pair) ? pair : [];
    const own = typeof id === "string" ? ownId(model, id) : undefined;
    if (own && typeof label === "string" && label !== "") labels[own] = label;
  }
  return { pins: [...pins], groups, labels };
}

/** Returns the page's id of a node that Neuronpedia's JSON names; undefined for one that the graph does not have. */
function ownId({ byId, data, nodes, firstTarget }: GraphModel, id: string): string | undefined {
  if (byId.has(id)) return id;
  const [, layer, index, position] = /^(\d+)_(\d+)_(\d+)$/.exec(id)?.map(Number) ?? [];
  if (layer === undefined) return undefined;
  if (layer === data.layers + 1) {
    const one = data.targets.length === 1;
    const t = data.targets.findIndex(({ token }) => token === index || one);
    return t < 0 ? undefined : nodes[firstTarget + t].id;
  }
  // circuit-tracer's id of an error: 0, layer, position
  const error = `ERR_${index}_${position}`;
  return layer === 0 && byId.has(error) ? error : undefined;
}

/** Returns marks in the form of `qParams`. @param idOf id of a node in the file, by the page's id */
export function qParamsOf({ pins, groups, labels }: Marks, idOf = (id: string) => id): QParams {
  return {
    pinnedIds: pins.map(idOf),
    supernodes: groups.map(({ name, members }) => [name, ...members.map(idOf)]),
    clerps: Object.entries(labels).map(([id, label]) => [idOf(id), label]),
  };
}

/** Parses JSON from the address; null if it is not a list. */
function listIn(text: string): unknown[] | null {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function thresholdField(
  name: string,
  key: "nodeThreshold" | "edgeThreshold",
  normal: number,
  most: number,
): AddressField<State> {
  return {
    name,
    write: (state) => state[key] === normal ? null : String(state[key]),
    read(text) {
      const value = text === "" ? NaN : Number(text);
      return value >= 0 && value <= 1 ? { [key]: Math.min(most, value) } : null;
    },
  };
}

/** Returns the fields of the address of one graph: every choice that differs from the start. */
function fieldsOf(models: readonly GraphModel[], graph: number): AddressField<State>[] {
  const model = models[graph], start = initialState(models, graph);
  const q = (state: Marks) => qParamsOf(state);
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const writeMarks = (key: keyof QParams) => (state: State) =>
    same(q(state)[key], q(start)[key]) ? null : JSON.stringify(q(state)[key]);
  const none = { pinnedIds: [], supernodes: [] };
  return [
    {
      name: "slug",
      write: (state) => state.graph === 0 ? null : models[state.graph].data.slug,
      read: () => ({ graph }),
    },
    {
      name: "compare",
      write: ({ compare }) => compare === null ? null : models[compare].data.slug,
      read(text) {
        const compare = models.findIndex(({ data }) => data.slug === text);
        return compare < 0 || compare === graph ? null : { compare };
      },
    },
    thresholdField("pruningThreshold", "nodeThreshold", start.nodeThreshold, model.mostThreshold),
    thresholdField("edgeThreshold", "edgeThreshold", start.edgeThreshold, 1),
    {
      name: "clickedId",
      write: ({ clicked }) => clicked,
      read: (text) => model.byId.has(text) ? { clicked: text } : null,
    },
    {
      name: "pinnedIds",
      write: writeMarks("pinnedIds"),
      read(text) {
        const list = listIn(text);
        return isTexts(list) ? { pins: marksOf(model, { ...none, pinnedIds: list }).pins } : null;
      },
    },
    {
      name: "supernodes",
      write: writeMarks("supernodes"),
      read(text) {
        const list = listIn(text);
        return list?.every(isTexts)
          ? { groups: marksOf(model, { ...none, supernodes: list as string[][] }).groups }
          : null;
      },
    },
    {
      name: "clerps",
      write: writeMarks("clerps"),
      read(text) {
        const list = listIn(text);
        return list && { labels: marksOf(model, { ...none, clerps: list }).labels };
      },
    },
    {
      name: "zoom",
      write: ({ view }) =>
        view && [view.scale, view.x, view.y].map((x) => Number(x.toPrecision(5))).join(","),
      read(text) {
        const [scale, x, y] = text.split(",").map(Number);
        return scale > 0 && Number.isFinite(x + y) ? { view: { scale, x, y } } : null;
      },
    },
    choiceField("biases", ["show", "hide"], start.biases),
    choiceField("palette", ["safe", "field"], start.palette),
    choiceField("heads", ["sum", "split"], start.heads),
    choiceField("theme", ["auto", "light", "dark"], start.theme),
  ];
}

/** Returns the address part for a state. */
export function writeHash(models: readonly GraphModel[], state: State): string {
  return writeAddress(fieldsOf(models, state.graph), state);
}

/** Returns the state that an address stands for: what it does not name is as at the start. */
export function readHash(models: readonly GraphModel[], hash: string): State {
  const slug = new URLSearchParams(hash.replace(/^#/, "")).get("slug");
  const graph = Math.max(0, models.findIndex(({ data }) => data.slug === slug));
  const read = readAddress(fieldsOf(models, graph), hash);
  const state = { ...initialState(models, graph), ...read };
  const grouped = state.groups.flatMap(({ members }) => members);
  return { ...state, pins: [...new Set([...state.pins, ...grouped])] };
}
