/** Starts the page: decodes the graphs when they are shown, makes the views, and redraws what a change affects. */
import {
  atMostEvery,
  byId,
  createStore,
  embedded,
  onResize,
  onSystemTheme,
} from "../../page/client/mod.ts";
import type { PageGraph } from "../page_graph.ts";
import { createComparison } from "./compare.ts";
import { createControls } from "./controls.ts";
import { createGroupsPanel } from "./groups/groups_panel.ts";
import { createSubgraphView } from "./groups/subgraph_view.ts";
import { keepLabels } from "./keep_labels.ts";
import { graphModel } from "./page_model.ts";
import { createPanel } from "./panel.ts";
import { createGraphView } from "./picture/graph_view.ts";
import { connectSaving } from "./save.ts";
import { createShown } from "./shown.ts";
import { readHash, type State, writeHash } from "./state.ts";

/** Milliseconds between changes of the address: browsers refuse more than about ten in a second. */
const ADDRESS_PAUSE = 150;

function start() {
  const models = embedded<PageGraph[]>("graph-data").map(graphModel);
  const store = createStore<State>(readHash(models, location.hash));
  const shownOf = createShown();
  const graph = createGraphView(store, {
    box: byId("graph-box"),
    root: byId<SVGSVGElement>("graph"),
  });
  const controls = createControls(models, store, graph);
  const comparison = createComparison(models, store, controls.switchTo);
  const panel = createPanel(store);
  const subgraph = createSubgraphView(store);
  const groups = createGroupsPanel(store);
  const current = () => models[store.state.graph];
  connectSaving(store, () => ({ model: current(), view: graph }));

  function draw() {
    const model = current(), shown = shownOf(model, store.state);
    controls.update(model);
    comparison.update(shown);
    graph.update(model, shown);
    panel.scores(model, shown);
    panel.node(model, shown);
    subgraph.update(model);
    groups.update(model, shown);
  }

  const address = atMostEvery(
    ADDRESS_PAUSE,
    () => history.replaceState(null, "", writeHash(models, store.state)),
  );
  store.subscribe((changed) => {
    const touches = (...keys: (keyof State)[]) => keys.some((key) => changed.has(key));
    const only = (...keys: (keyof State)[]) => [...changed].every((key) => keys.includes(key));
    if (changed.has("hovered")) comparison.highlight();
    if (only("hovered")) return graph.highlight();
    address();
    if (only("view")) return;
    const model = current(), shown = shownOf(model, store.state);
    controls.update(model);
    if (
      touches(
        "graph",
        "compare",
        "nodeThreshold",
        "edgeThreshold",
        "biases",
        "clicked",
        "pins",
        "palette",
        "theme",
      )
    ) {
      comparison.update(shown);
      graph.update(model, shown);
    } else graph.highlight();
    panel.scores(model, shown);
    panel.node(model, shown);
    if (touches("graph", "pins", "groups", "labels")) subgraph.update(model);
    else subgraph.highlight();
    if (touches("graph", "nodeThreshold", "pins", "groups", "labels", "clicked")) {
      groups.update(model, shown);
    }
  });

  onResize(byId("page"), draw);
  onSystemTheme(draw);
  addEventListener("hashchange", () => store.set(readHash(models, location.hash)));
  draw();
  keepLabels(models, store);
  document.body.classList.add("ready");
}

start();
