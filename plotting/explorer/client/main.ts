/** Starts the page: reads the embedded summary, makes the views, and redraws the views that a change affects. */
import {
  atMostEvery,
  byId,
  createStore,
  createTimelineChart,
  embedded,
  html,
  integer,
  onResize,
  onSystemTheme,
} from "../../page/client/mod.ts";
import { differingWords, firstTop, type WordPiece } from "./circuit_math.ts";
import { createAgainst } from "./against.ts";
import { createControls } from "./controls.ts";
import { allRoles, roleColour, roleLabel } from "./describe.ts";
import { createFaithfulnessChart } from "./charts/faithfulness_chart.ts";
import { createGraphView } from "./picture/graph_view.ts";
import { createHeatmap } from "./charts/heatmap.ts";
import { nodeNames } from "../../../utils/names/mod.ts";
import { createPanel } from "./panel.ts";
import { createRaster } from "./charts/raster.ts";
import { createAttention } from "./attention/section.ts";
import type { AttentionPatternFile } from "../../../utils/results/mod.ts";
import type { ShownSummary } from "./shown.ts";
import { initialState, readHash, type State, writeHash } from "./state.ts";
import { timelineSpecs } from "./charts/timelines.ts";

function showExample(summary: ShownSummary) {
  const { clean, corrupted, correct, wrong } = summary.example;
  const [a, b] = differingWords(clean, corrupted);
  const write = (id: string, pieces: WordPiece[], answer: (Node | string)[]) =>
    byId(id).replaceChildren(
      ...pieces.map(({ text, differs }) =>
        differs ? html("mark", {}, text.trimStart()) : text.trimStart()
      ).flatMap((piece, i) => i === 0 ? [piece] : [" ", piece]),
      ...answer,
    );
  write("clean", a, [
    " ",
    html("span", { class: "answer" }, correct.trim()),
    html("span", { class: "against" }, ` rather than ${wrong.trim()}`),
  ]);
  write("corrupted", b, []);
}

function showRoles(summary: ShownSummary) {
  byId("order").hidden = allRoles(summary).length === 0;
  byId("roles").replaceChildren(
    ...allRoles(summary).map((role) =>
      html(
        "span",
        { class: "role-key" },
        html("i", { "data-role": roleColour(role) }),
        roleLabel(summary, role),
      )
    ),
  );
}

function start() {
  const summary = embedded<ShownSummary>("summary");
  showExample(summary);
  showRoles(summary);
  if (summary.failed.length > 0) {
    const steps = summary.failed.map(({ step }) => integer(step)).join(", ");
    byId("failed").textContent = `No circuit for step ${steps}: ${summary.failed[0].error}`;
  }
  if (summary.checkpoints.length === 0) {
    document.body.classList.add("no-checkpoints");
    return;
  }
  const steps = summary.checkpoints.map((c) => c.step);
  if (steps.length === 1) document.body.classList.add("single");
  const able = summary.checkpoints.map((c) => c.able);
  const nodes = nodeNames(summary.shape);
  const top = firstTop(summary.checkpoints);
  const store = createStore({
    ...initialState(steps.length, top),
    ...readHash(location.hash, steps, nodes),
  });
  const controls = createControls(summary, store);
  const showAgainst = createAgainst(summary, store);
  const graph = createGraphView(summary, store);
  const attention = createAttention(
    summary,
    embedded<AttentionPatternFile | null>("patterns"),
    store,
  );
  const panel = createPanel(summary, store);
  const sizes = createFaithfulnessChart(summary, store);
  const heatmap = createHeatmap(summary, store);
  const raster = createRaster(summary, store);
  const charts = timelineSpecs(summary).map((spec) =>
    createTimelineChart(spec, steps, able, (index) => store.set({ index }))
  );
  byId("timelines").append(...charts.map((chart) => chart.element));

  function draw() {
    controls.placeTicks();
    controls.update();
    showAgainst();
    graph.resize();
    graph.update();
    panel.update();
    attention.update();
    sizes.update();
    heatmap.update();
    raster.draw();
    for (const chart of charts) {
      chart.resize();
      chart.mark(store.state.index);
    }
  }

  const keepAddress = () => history.replaceState(null, "", writeHash(store.state, steps, top));
  // a browser allows few changes of the address per second
  const keepView = atMostEvery(200, keepAddress);
  store.subscribe((changed) => {
    const touches = (...keys: (keyof State)[]) => keys.some((key) => changed.has(key));
    if (touches("hovered") && changed.size === 1) return graph.highlight();
    if (touches("view")) graph.showView();
    if (touches("view") && changed.size === 1) return keepView();
    controls.update();
    showAgainst();
    if (touches("order")) graph.resize();
    const redraws = touches("index", "hidden", "top", "widths", "against", "order", "edges");
    if (redraws || (touches("pinned") && store.state.top !== null)) graph.update();
    else graph.highlight();
    panel.update();
    if (touches("index")) { for (const chart of charts) chart.mark(store.state.index); }
    if (touches("index", "pinned", "prompt", "query")) attention.update();
    if (touches("index", "measure")) sizes.update();
    if (touches("matrix", "theme")) heatmap.update();
    else if (touches("index")) heatmap.mark();
    if (touches("index", "pinned")) raster.mark();
    keepAddress();
  });

  onResize(byId("page"), draw);
  onSystemTheme(draw);
  addEventListener("hashchange", () => {
    store.set({ pinned: null, ...readHash(location.hash, steps, nodes) });
  });
  draw();
  document.body.classList.add("ready");
}

start();
