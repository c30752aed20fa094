/** Shows the pinned feature over training below the picture: its curves, a row per checkpoint, and its dashboard at this one. */
import { hideTooltip, html, integer, type TimelineChart } from "../../../page/client/mod.ts";
import { createTimelineChart } from "../../../page/client/mod.ts";
import { renderFeature, showTokenOf } from "../../../dashboards/client/mod.ts";
import type { Side } from "../comparison.ts";
import { endName } from "../describe.ts";
import type { RunIndex } from "../run_index.ts";
import { slotOf } from "../run_index.ts";
import type { Store } from "../state.ts";
import { checkpointRow } from "./checkpoint_row.ts";
import { driftSpecs } from "./drift_charts.ts";
import { cardOf, hasCards } from "./feature_cards.ts";

/** How a page gets dashboards that it lacks. */
const MISSING =
  "This page has no dashboards. To see what features fire on at each checkpoint, run get_feature_dashboards.ts with --checkpoints " +
  "and make the page with --dashboards.";

/** The section. */
export interface ThroughTime {
  /** Shows what is pinned; hides the section for anything but a feature, and while the browser still reads the page. */
  update(side: Side): void;
  /** Marks the checkpoint and shows its dashboard; the rest stays. */
  mark(side: Side): void;
  /** Draws the curves at the current width. */
  resize(): void;
}

/** Makes the section. */
export function createThroughTime(section: HTMLElement, store: Store): ThroughTime {
  let charts: TimelineChart[] = [];
  let shown: { index: RunIndex; slot: number } | undefined;
  const card = html("div", { class: "through-card" });

  section.addEventListener("click", ({ target }) => {
    const step = (target as Element).closest<HTMLElement>("[data-step]")?.dataset.step;
    if (step !== undefined) return store.set({ index: Number(step) });
    (target as Element).closest(".rows .example")?.classList.toggle("open");
  });
  section.addEventListener("pointermove", (event) => {
    if ((event.target as Element).closest(".rows")) showTokenOf(event);
  });
  section.addEventListener("pointerleave", hideTooltip);

  function update(side: Side) {
    const { pinned } = store.state, { index } = side, { run } = index;
    const slot = pinned === null || pinned.includes(">") ? undefined : slotOf(pinned);
    const numbers = slot === undefined ? null : run.slots[slot].numbers;
    section.hidden = slot === undefined || numbers === null || document.readyState === "loading";
    if (slot === undefined || section.hidden) {
      shown = undefined;
      return section.replaceChildren();
    }
    if (shown?.index !== index || shown.slot !== slot) {
      shown = { index, slot };
      draw(index, slot);
    }
    mark(side);
  }

  function draw(index: RunIndex, slot: number) {
    const { checkpoints } = index.run;
    charts = driftSpecs(index, slot).map((spec) =>
      createTimelineChart(
        spec,
        checkpoints.map(({ step }) => step),
        checkpoints.map(({ circuit }) => circuit !== null),
        (t) => store.set({ index: t }),
      )
    );
    const rows = hasCards(index)
      ? [html(
        "div",
        { class: "rows feature-card" },
        ...checkpoints.map((_, t) => checkpointRow(index, slot, t)),
      )]
      : [html("p", { class: "section-note" }, MISSING)];
    section.replaceChildren(
      html("h2", { class: "section" }),
      html(
        "p",
        { class: "section-note" },
        "One row per checkpoint, for the feature that matches there. Shading: activation, relative to the largest at that " +
          "checkpoint. Beside a score: its 95 % interval, and the median feature of a random coder in the same layer. A dash: not measured.",
      ),
      html("div", { class: "drift" }, ...charts.map(({ element }) => element)),
      ...rows,
      card,
    );
    resize();
  }

  function mark({ index, t }: Side) {
    if (!shown) return;
    const { slot } = shown;
    section.querySelector("h2")!.textContent = `${endName(index, `s${slot}`, t)} over training`;
    for (const row of section.querySelectorAll<HTMLElement>(".row")) {
      row.classList.toggle("now", row.dataset.row === String(t));
    }
    for (const chart of charts) chart.mark(t);
    const found = cardOf(index, slot, t);
    card.replaceChildren();
    if (!found) return;
    const body = html("div", {});
    const { layer, feature } = found.found;
    card.append(
      html("h3", { class: "card-step" }, `Its dashboard at step ${integer(found.data.step)}`),
      body,
    );
    renderFeature(body, { layer: layer.layer, id: feature.id }, found.data);
  }

  function resize() {
    const width = charts[0]?.element.clientWidth;
    for (const chart of charts) chart.resize(width);
  }

  return { update, mark, resize };
}
