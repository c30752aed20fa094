/** Tooltips of nodes and edges. */
import { fact, html, integer, number, percent, titled } from "../../page/client/mod.ts";
import type { DrawnEdge } from "./picture/edges.ts";
import { longName, shortName, signed, visibleText } from "./names.ts";
import type { GraphModel, PageNode } from "./page_model.ts";
import { edgesAt, type Shown } from "./shown.ts";
import type { State } from "./state.ts";

/** Returns the facts of a node, for its tooltip and its panel. */
export function nodeFacts(model: GraphModel, { node, kind, index }: PageNode): HTMLElement[] {
  const { graph, influence, shares, data } = model;
  const facts: HTMLElement[] = [];
  if (kind === "feature") facts.push(fact("activation", number(graph.activations[node])));
  if (kind === "target") {
    const { token, weight } = data.targets[index];
    facts.push(fact(token === undefined ? "weight" : "probability", number(weight)));
  }
  const value = model.value(node);
  if (value !== undefined) {
    facts.push(fact(kind === "feature" ? "pre-activation" : "value", number(value)));
  }
  if (kind !== "target" && kind !== "bias") {
    facts.push(
      fact("influence", number(influence[node])),
      fact("top share", percent(shares[node])),
    );
  }
  return facts;
}

/** Returns the content of a node's tooltip. */
export function describeNode(
  model: GraphModel,
  shown: Shown,
  state: State,
  node: PageNode,
): HTMLElement {
  const label = state.labels[node.id];
  const group = state.groups.find(({ members }) => members.includes(node.id));
  const edges = edgesAt(model, shown, node.node);
  const into = edges.filter(({ target }) => target === node.node).length;
  return titled(
    longName(model, node),
    ...(label ? [html("div", { class: "given-label" }, visibleText(label, 80))] : []),
    ...(group ? [fact("group", visibleText(group.name, 30))] : []),
    ...nodeFacts(model, node),
    fact("edges drawn", `${integer(into)} in, ${integer(edges.length - into)} out`),
    ...(shown.extra.has(node.node)
      ? [html("div", { class: "fact" }, "hidden by pruning, shown for you")]
      : []),
  );
}

/** Returns the share of a node's inputs that an edge is; null for an edge from a bias, which is not among them. */
export function inputShare(
  model: GraphModel,
  { target, source, weight }: DrawnEdge,
): number | null {
  if (source >= model.firstBias) return null;
  const size = model.sizes[target < model.K ? target : model.K + target - model.firstTarget];
  return size > 0 ? Math.abs(weight) / size : null;
}

/** Returns the content of an edge's tooltip. */
export function describeEdge(model: GraphModel, edge: DrawnEdge): HTMLElement {
  const [source, target] = [model.nodes[edge.source], model.nodes[edge.target]];
  return titled(
    `${shortName(model, source)} → ${shortName(model, target)}`,
    fact("from", longName(model, source)),
    fact("to", longName(model, target)),
    fact("weight", signed(edge.weight)),
    fact("of the inputs’ size", percent(inputShare(model, edge))),
  );
}
