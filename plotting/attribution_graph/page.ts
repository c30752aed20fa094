/** Builds the page of attribution graphs: one HTML file with its data, styles and script, which opens without a network. */
import { buildPage, KIT_STYLES } from "../page/mod.ts";
import { pageGraph, type ReadGraph } from "./page_graph.ts";

const here = (path: string) => new URL(path, import.meta.url);

const OWN_STYLES = ["page", "graph", "panel", "subgraph"];

/** Features of a graph that the page has at most: their edges are about 25 MB at worst. */
export const MOST_FEATURES = 2000;

/** Returns the HTML of the page. @param mostFeatures features of a graph on the page; those with the largest influence */
export function buildGraphPage(
  graphs: readonly ReadGraph[],
  mostFeatures: number = MOST_FEATURES,
): string {
  const [first] = graphs;
  return buildPage({
    title: graphs.length === 1 ? `${first.prompt} – attribution graph` : "Attribution graphs",
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      ...OWN_STYLES.map((name) => here(`styles/${name}.css`)),
    ],
    body: Deno.readTextFileSync(here("body.html")),
    data: { "graph-data": graphs.map((graph) => pageGraph(graph, mostFeatures)) },
    script: here("client/main.ts"),
  });
}
