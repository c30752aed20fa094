/** Shows the dashboard of a clicked feature, if the page has dashboards of the graph's coders. */
import { type DashboardData, renderFeature as renderCard } from "../../dashboards/client/mod.ts";
import { html } from "../../page/client/mod.ts";
import { type RenderFeature, renderFeature } from "./feature_panel.ts";
import type { GraphModel } from "./page_model.ts";
import type { Store } from "./state.ts";

/**
 * Returns a renderer of features: the card of the dashboards, below the logits of the graph. A feature in the card opens its
 * node at the same position, else at the position where it is most active, if the graph has one.
 */
export function withDashboards(
  models: readonly GraphModel[],
  store: Store,
  dashboards: DashboardData,
): RenderFeature {
  return (container, feature) => {
    const model = models[store.state.graph];
    if (model.data.codersDigest !== dashboards.dashboards.coders_digest) {
      return renderFeature(container, feature);
    }
    const card = html("div");
    const name = { layer: feature.layer, id: feature.feature };
    renderCard(card, name, dashboards, {
      onFeature(other) {
        const id = nodeOf(model, other.layer, other.id, feature.position);
        if (id !== undefined) store.set({ clicked: id });
      },
    });
    container.replaceChildren(card);
  };
}

/** Returns the id of a feature's node at a position, else of its most active one; undefined if the graph has none. */
function nodeOf(
  { nodes, graph: { activations } }: GraphModel,
  layer: number,
  index: number,
  position: number,
): string | undefined {
  const own = nodes.filter((node) =>
    node.kind === "feature" && node.layer === layer && node.index === index
  ).sort((a, b) => activations[b.node] - activations[a.node]);
  return (own.find((node) => node.position === position) ?? own[0])?.id;
}
