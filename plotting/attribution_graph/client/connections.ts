/** Lists what goes into and out of a node, with weights, shares and, on demand, the attention heads that an edge passes last. */
import { html, integer, number, percent } from "../../page/client/mod.ts";
import { inputShare } from "./describe.ts";
import { longName, shortName, signed, visibleText } from "./names.ts";
import type { GraphModel, PageNode } from "./page_model.ts";
import type { DrawnEdge } from "./picture/edges.ts";
import type { Shown } from "./shown.ts";
import type { Store } from "./state.ts";

/** Edges listed in a direction. */
const MOST_LISTED = 40;
/** Parts of a split edge that are named. */
const MOST_PARTS = 5;

/** Returns the lists of a node's inputs and outputs. */
export function connections(
  model: GraphModel,
  shown: Shown,
  store: Store,
  node: PageNode,
): HTMLElement[] {
  const into = edgesWhere(model, (other) => ({ target: node.node, source: other }));
  const out = edgesWhere(model, (other) => ({ target: other, source: node.node }));
  return [
    ...(into.length > 0 ? [list(model, shown, store, node, into, "Inputs")] : []),
    ...(out.length > 0 ? [list(model, shown, store, node, out, "Outputs")] : []),
  ];
}

/** Returns all edges of one end that are not 0, the largest first. */
function edgesWhere(
  model: GraphModel,
  endsOf: (other: number) => { target: number; source: number },
): DrawnEdge[] {
  return model.nodes.flatMap(({ node }) => {
    const ends = endsOf(node), weight = model.edge(ends.target, ends.source);
    return weight === 0 ? [] : [{ ...ends, weight }];
  }).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}

function list(
  model: GraphModel,
  shown: Shown,
  store: Store,
  node: PageNode,
  edges: readonly DrawnEdge[],
  title: "Inputs" | "Outputs",
): HTMLElement {
  const largest = Math.abs(edges[0].weight);
  const listed = edges.slice(0, MOST_LISTED), rest = edges.slice(MOST_LISTED);
  const sum = rest.reduce((total, { weight }) => total + weight, 0);
  const missing = title === "Inputs" ? missingFrom(model, node) : "";
  return html(
    "section",
    { class: "connections" },
    html(
      "div",
      { class: "list-head" },
      html("h3", {}, title),
      html(
        "span",
        {},
        rest.length > 0 ? `${MOST_LISTED} of ${integer(edges.length)}` : integer(edges.length),
      ),
    ),
    html("ol", {}, ...listed.map((edge) => item(model, shown, store, node, edge, largest))),
    ...(rest.length > 0
      ? [
        html(
          "p",
          { class: "quiet" },
          `${integer(rest.length)} smaller ones add up to ${signed(sum)}.`,
        ),
      ]
      : []),
    ...(missing ? [html("p", { class: "quiet" }, missing)] : []),
  );
}

/** Says what is missing from a list of inputs. */
function missingFrom({ data, K, firstTarget, graph }: GraphModel, { node }: PageNode): string {
  if (!data.complete) return "The file is pruned: it does not have the other inputs.";
  if (!data.part) return "";
  const row = node < K ? node : K + node - firstTarget, width = data.layers * data.tokens.length;
  const sum = graph.missing!.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b, 0);
  return `Features that are not on the page add up to ${signed(sum)}.`;
}

function item(
  model: GraphModel,
  shown: Shown,
  store: Store,
  node: PageNode,
  edge: DrawnEdge,
  largest: number,
): HTMLElement {
  const other = model.nodes[edge.source === node.node ? edge.target : edge.source];
  const label = store.state.labels[other.id];
  const bar = html("i");
  bar.style.width = `${(100 * Math.abs(edge.weight) / largest).toFixed(1)}%`;
  const hidden = !shown.has.has(other.node);
  const position = other.position < 0 || other.kind === "token" || other.kind === "target"
    ? []
    : [html("sub", {}, visibleText(model.data.tokenTexts[other.position].trim() || "␣", 9))];
  const row = html(
    "button",
    {
      class: `edge-row ${edge.weight < 0 ? "negative" : "positive"}${hidden ? " hidden-node" : ""}`,
      title: `${longName(model, other)}${hidden ? ", hidden by pruning" : ""}`,
    },
    html("i", { class: `kind ${other.kind}` }),
    html(
      "span",
      { class: "name" },
      label ? visibleText(label, 22) : shortName(model, other),
      ...position,
    ),
    html("span", { class: "track" }, bar),
    html("span", { class: "weight" }, number(edge.weight)),
    html("span", { class: "share" }, percent(inputShare(model, edge))),
  );
  row.addEventListener(
    "pointerenter",
    () =>
      store.set({
        hovered: hidden ? null : `${model.nodes[edge.target].id}<${model.nodes[edge.source].id}`,
      }),
  );
  row.addEventListener("pointerleave", () => store.set({ hovered: null }));
  row.addEventListener("click", () => store.set({ clicked: other.id, hovered: null }));
  const split = store.state.heads === "split" ? splitOf(model, edge) : null;
  return html("li", {}, row, ...(split ? [split] : []));
}

/** Returns the parts of an edge by the last head that they pass. */
function splitOf({ data }: GraphModel, { target, source }: DrawnEdge): HTMLElement | null {
  const { details } = data;
  if (!details) return null;
  const found = details.splits.find((split) => split.target === target)?.edges
    .find((edge) => edge.source === source);
  if (!found) return html("p", { class: "split quiet" }, "split by head: –");
  const { heads } = details;
  const named = found.parts.slice(0, MOST_PARTS);
  const rest = found.rest +
    found.parts.slice(MOST_PARTS).reduce((sum, [, value]) => sum + value, 0);
  const nameOf = (part: number) =>
    part === 0 ? "direct" : `head ${Math.floor((part - 1) / heads)}.${(part - 1) % heads}`;
  return html(
    "p",
    { class: "split" },
    ...named.map(([part, value]) =>
      html(
        "span",
        { class: value < 0 ? "negative" : "positive" },
        `${nameOf(part)} `,
        html("b", {}, signed(value)),
      )
    ),
    ...(Math.abs(rest) > 1e-3 * Math.abs(named[0]?.[1] ?? 0)
      ? [html("span", { class: "quiet" }, `other ${signed(rest)}`)]
      : []),
  );
}
