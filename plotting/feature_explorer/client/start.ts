/** Starts the page: reads the embedded runs, makes the views, and redraws the views that a change affects. */
import {
  byId,
  createPlayer,
  createStore,
  createTimelineChart,
  embedded,
  integer,
  isDark,
  onResize,
  onSystemTheme,
  plural,
  type TimelineChart,
  whenParsed,
} from "../../page/client/mod.ts";
import type { FeatureRun, RunName } from "../page_data.ts";
import type { Side } from "./comparison.ts";
import { createControls } from "./controls.ts";
import { curveSpecs } from "./curves.ts";
import { listingWords } from "./panel/edge_history.ts";
import { createGraphView } from "./picture/graph_view.ts";
import { writeLegend } from "./picture/legend.ts";
import { createPanel } from "./panel/panel.ts";
import { RunIndex } from "./run_index.ts";
import { connectSaving } from "./save.ts";
import { createThroughTime } from "./through_time/section.ts";
import {
  initialState,
  movingTogether,
  readHash,
  type Runs,
  type State,
  writeHash,
} from "./state.ts";

/** Characters of a task's name in the heading. */
const LONGEST = 60;

function openRuns(): Runs & { index(place: number): RunIndex } {
  const names = embedded<RunName[]>("runs");
  const opened = new Map<number, RunIndex>();
  const index = (place: number) => {
    if (!opened.has(place)) {
      opened.set(place, new RunIndex(embedded<FeatureRun>(`run-${place}`)));
    }
    return opened.get(place)!;
  };
  return { names, index, get: (place) => index(place).run };
}

/** Milliseconds without a call after which `whenQuiet` acts. */
const QUIET = 160;
/** Marks above which sliding draws on a canvas. */
const MANY = 150;

/** Returns a function that runs `action` after a pause in the calls. */
function whenQuiet(action: () => void): () => void {
  let timer: number | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, QUIET) as unknown as number;
  };
}

/** Starts the page. */
export function startFeatureExplorer(): void {
  const runs = openRuns();
  const first = initialState(runs);
  const read = readHash(runs, location.hash, 0);
  const start = { ...first, ...read };
  if (read.run !== undefined && read.index === undefined) {
    start.index = Math.max(0, runs.get(start.run).checkpoints.length - 1);
  }
  const store = movingTogether(createStore<State>(start), runs);
  const controls = createControls(runs, store);
  const views = [
    createGraphView(byId("graph-a"), store, true),
    createGraphView(byId("graph-b"), store, false),
  ];
  const panel = createPanel(store);
  const through = createThroughTime(byId("through"), store);
  const player = createPlayer({
    steps: stepsOf(),
    able: ableAt(),
    index: () => store.state.index,
    select: (index) => store.set({ index, hovered: null }),
    ignores: (target, key) => target === byId("top") && /^(Arrow|Home|End)/.test(key),
  });
  let charts: TimelineChart[] = [];
  /** width of the page when it was last placed */
  let placed = 0;
  const side = (): Side => ({ index: runs.index(store.state.run), t: store.state.index });
  const otherSide = (): Side | null => {
    const { other } = store.state;
    return other && { index: runs.index(other.run), t: other.index };
  };
  connectSaving(() => ({ ...side(), picture: views[0].picture }));

  function stepsOf(): number[] {
    return runs.get(store.state.run).checkpoints.map(({ step }) => step);
  }

  function ableAt(): boolean[] {
    return runs.get(store.state.run).checkpoints.map(({ circuit }) => circuit !== null);
  }

  function showRun() {
    const { run, other } = store.state, { model, title, set } = runs.names[run];
    const data = runs.get(run);
    const task = `${title.charAt(0).toLowerCase()}${title.slice(1, LONGEST)}`;
    byId("title").textContent = `How ${model} learns ${task}${title.length > LONGEST ? "…" : ""}`;
    byId("intro").textContent =
      `Each mark is a feature of a transcoder at a position of the prompt. It keeps its place at all ` +
      `${
        plural(data.checkpoints.length, "checkpoint")
      }: move the slider to watch features be born, join ` +
      "the circuit, drift and die. Click one to see what feeds it.";
    byId("method").textContent =
      `${model}, transcoders “${set}”, ${plural(data.prompts, "prompt")}, ${
        plural(data.layers, "layer")
      }. A circuit is the smallest set of features found whose faithfulness reaches ${
        data.threshold === null ? "the threshold" : `${Math.round(100 * data.threshold)} %`
      }; everything else is ablated. A feature is the same as one at the checkpoint before if decoder and ` +
      `activations match. Intervals are 95 % over prompts. ${
        listingWords(data.smallestShare, data.mostEdges)
      }`;
    player.change(stepsOf(), ableAt());
    views[0].show(runs.index(run));
    if (other) views[1].show(runs.index(other.run));
    charts = curveSpecs(data).map((spec) =>
      createTimelineChart(spec, stepsOf(), ableAt(), (index) => store.set({ index }))
    );
    byId("timelines").replaceChildren(...charts.map(({ element }) => element));
  }

  function place() {
    byId("graphs").classList.toggle("two", store.state.other !== null);
    byId("graph-b").hidden = store.state.other === null;
    // all widths first: each look after a change makes the browser lay the page out
    placed = byId("page").clientWidth;
    const widths = views.map((view) => view.width());
    const chart = charts[0]?.element.clientWidth;
    player.placeTicks();
    views[0].resize(widths[0]);
    if (store.state.other) views[1].resize(widths[1]);
    for (const each of charts) each.resize(chart);
    through.resize();
  }

  /** @param fast draws on the canvas */
  function drawGraphs(fast = false) {
    const a = side(), b = otherSide(), draw = fast ? "slide" : "update";
    views[0][draw](a.t, b);
    if (b) views[1][draw](b.t, a);
    [a, b].forEach((each, i) => {
      if (!each) return;
      const caption = byId(i === 0 ? "graph-a" : "graph-b").querySelector("figcaption")!;
      const { model, task, set, checkpoints } = each.index.run;
      caption.textContent = b
        ? `${model}, ${task}, ${set}, step ${integer(checkpoints[each.t].step)}`
        : "";
    });
    byId("hidden-count").textContent = hiddenWords(a, views[0].hiddenEdges());
  }

  function hiddenWords({ index, t }: Side, weaker: number): string {
    const parts: string[] = [];
    if (weaker > 0) parts.push(plural(weaker, "weaker edge"));
    const tokens = index.tokenCount(t);
    if (store.state.tokens === "no" && tokens > 0) {
      parts.push(`${plural(tokens, "edge")} from tokens`);
    }
    if (store.state.outside === "no") {
      parts.push(
        `${plural(index.run.slots.length - index.nodes(t).size, "mark")} outside the circuit`,
      );
    }
    return parts.length === 0 ? "Nothing is hidden." : `Hidden: ${parts.join(", ")}.`;
  }

  function drawAll() {
    controls.update();
    showRun();
    place();
    draw();
  }

  function draw() {
    player.update();
    drawGraphs();
    panel(side(), otherSide());
    through.update(side());
    writeLegend(store.state.colour);
    for (const chart of charts) chart.mark(store.state.index);
  }

  const writeAddressNow = () => history.replaceState(null, "", writeHash(runs, store.state));
  // what would slow sliding down waits until the slider rests
  const panelSoon = whenQuiet(() => {
    controls.update();
    drawGraphs();
    panel(side(), otherSide());
    through.mark(side());
  });
  let lastSlide = -Infinity;
  /** Returns whether the reader slides a large picture: steps follow each other closely. */
  function slidesOn(): boolean {
    const before = lastSlide;
    lastSlide = performance.now();
    return lastSlide - before < QUIET && runs.get(store.state.run).slots.length > MANY;
  }
  const addressSoon = whenQuiet(writeAddressNow);
  let shown = { run: store.state.run, other: store.state.other?.run };
  store.subscribe((changed) => {
    const touches = (...keys: (keyof State)[]) => keys.some((key) => changed.has(key));
    if (touches("hovered") && changed.size === 1) return views.forEach((view) => view.highlight());
    const slides = touches("index") && !touches("pinned", "top", "tokens");
    const now = { run: store.state.run, other: store.state.other?.run };
    if (now.run !== shown.run || now.other !== shown.other) {
      shown = now;
      drawAll();
    } else {
      if (!slides) controls.update();
      if (touches("index")) player.update();
      if (touches("index", "other", "pinned", "top", "tokens", "outside", "colour")) {
        drawGraphs(slides && slidesOn());
      } else for (const view of views.slice(0, store.state.other ? 2 : 1)) view.highlight();
      if (!slides && touches("other", "pinned")) {
        panel(side(), otherSide());
        through.update(side());
      } else if (touches("index")) panelSoon();
      if (touches("colour")) writeLegend(store.state.colour);
      if (touches("index")) { for (const chart of charts) chart.mark(store.state.index); }
    }
    if (slides) addressSoon();
    else writeAddressNow();
  });

  onResize(byId("page"), () => {
    if (byId("page").clientWidth === placed) return;
    place();
    draw();
  });
  onSystemTheme(() => controls.update());
  addEventListener("hashchange", () =>
    whenParsed(() => {
      store.set({ pinned: null, other: null, ...readHash(runs, location.hash, store.state.run) });
    }));
  drawAll();
  whenParsed(() => {
    // a feature pinned meanwhile had no dashboards yet
    if (store.state.pinned === null) return;
    panel(side(), otherSide());
    through.update(side());
  });
  performance.mark("usable");
  document.documentElement.dataset.theme = isDark(store.state.theme) ? "dark" : "light";
  document.body.classList.add("ready");
}
