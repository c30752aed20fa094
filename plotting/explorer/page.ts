/**
 * Builds the explorer: one HTML page per model and task that shows how a circuit forms over training. The page contains
 * its data, styles and script, so it opens from disk without a network.
 */
import type { CircuitSummary } from "../../utils/results/mod.ts";
import { LEAST_RISES } from "../../utils/base/mod.ts";
import { buildPage, escapeHtml, fillTemplate, KIT_STYLES } from "../page/mod.ts";
import { hatching, heading, intro, method } from "./sentences.ts";
import { shownSummary } from "./shown_summary.ts";

const here = (path: string) => new URL(path, import.meta.url);

const OWN_STYLES = ["letters", "page", "panel", "player", "tools", "circuit", "charts"];

function leastRise({ config, metric }: CircuitSummary): number | undefined {
  const set = config?.least_rise;
  return typeof set === "number" ? set : LEAST_RISES[metric];
}

/** Returns the HTML of the whole page. It orders checkpoints by step. */
export function buildExplorer(summary: CircuitSummary): string {
  const shown = shownSummary(summary);
  const body = fillTemplate(Deno.readTextFileSync(here("body.html")), {
    heading: escapeHtml(heading(summary)),
    intro: escapeHtml(intro(summary)),
    method: escapeHtml(method(summary)),
    hatching: escapeHtml(hatching(summary, leastRise(summary))),
  });
  return buildPage({
    title: `${heading(summary)} – circuits over training`,
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      KIT_STYLES.charts,
      ...OWN_STYLES.map((name) => here(`styles/${name}.css`)),
    ],
    body,
    data: { summary: shown },
    script: here("client/main.ts"),
  });
}
