/** Builds the page of attribution graphs: one HTML file with its data, styles and script, which opens without a network. */
import {
  DASHBOARD_STYLES,
  dashboardData,
  pickFeatures,
  type StoredDashboards,
} from "../dashboards/mod.ts";
import { buildPage, KIT_STYLES } from "../page/mod.ts";
import { pageGraph, type ReadGraph } from "./page_graph.ts";

const here = (path: string) => new URL(path, import.meta.url);

const OWN_STYLES = ["page", "graph", "panel", "subgraph"];

/** Features of a graph that the page has at most: their edges are about 25 MB at worst. */
export const MOST_FEATURES = 2000;

/**
 * Returns the HTML of the page.
 * @param mostFeatures features of a graph on the page; those with the largest influence
 * @param dashboards shown when a feature of the same coders is clicked
 */
export function buildGraphPage(
  graphs: readonly ReadGraph[],
  mostFeatures: number = MOST_FEATURES,
  dashboards?: StoredDashboards,
): string {
  const [first] = graphs;
  const data = graphs.map((graph) => pageGraph(graph, mostFeatures));
  const cards = dashboards && pickFeatures(
    dashboardData(dashboards),
    data.flatMap(({ features }) =>
      Array.from(
        { length: features.length / 3 },
        (_, i) => ({ layer: features[3 * i], id: features[3 * i + 2] }),
      )
    ),
  );
  return buildPage({
    title: graphs.length === 1 ? `${first.prompt} – attribution graph` : "Attribution graphs",
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      ...(cards ? [DASHBOARD_STYLES.card] : []),
      ...OWN_STYLES.map((name) => here(`styles/${name}.css`)),
    ],
    body: Deno.readTextFileSync(here("body.html")),
    data: { "graph-data": data, "dashboards": cards ?? null },
    script: here("client/main.ts"),
  });
}
