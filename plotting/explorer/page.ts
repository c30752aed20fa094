/**
 * Builds the explorer: one HTML page per model and task that shows how a circuit forms over training. The page contains
 * its data, styles and script, so it opens from disk without a network.
 */
import type { CircuitSummary } from "../../utils/results/mod.ts";
import { metricName, taskInSentence } from "../display_names.ts";
import { buildPage, escapeHtml, fillTemplate, KIT_STYLES } from "../page/mod.ts";

const here = (path: string) => new URL(path, import.meta.url);

const OWN_STYLES = ["letters", "page", "panel", "tools", "circuit", "charts"];

function heading(summary: CircuitSummary): string {
  return `How ${summary.model} learns ${taskInSentence(summary.task)}`;
}

function intro(summary: CircuitSummary): string {
  const count = summary.checkpoints.length;
  return `For each of ${count} checkpoint${count === 1 ? "" : "s"}, the smallest circuit found ` +
    `that keeps ${Math.round(summary.threshold * 100)} % of the model’s ` +
    `${metricName(summary.metric)} while every ` +
    `other edge carries its value on the corrupted prompt. Move the slider to watch ` +
    `heads and MLPs join and leave; click one to follow its paths.`;
}

function method(summary: CircuitSummary): string {
  const { shape } = summary;
  return `${summary.model}, ${shape.nLayers} layers of ${shape.nHeads} heads, ` +
    `${summary.nEdges.toLocaleString("en-US")} edges. Scores by ${summary.method}, ` +
    `${pathWords(summary)}, ` +
    `mean over ${summary.nPrompts} prompt pairs.`;
}

function pathWords({ quadrature, igSteps }: CircuitSummary): string {
  return quadrature === "adaptive"
    ? "as many midpoints as each prompt needs"
    : `${igSteps} integration steps (${quadrature})`;
}

/** Returns the HTML of the whole page. It orders checkpoints by step. */
export function buildExplorer(summary: CircuitSummary): string {
  const ordered: CircuitSummary = {
    ...summary,
    checkpoints: [...summary.checkpoints].sort((a, b) => a.step - b.step),
  };
  const body = fillTemplate(Deno.readTextFileSync(here("body.html")), {
    heading: escapeHtml(heading(summary)),
    intro: escapeHtml(intro(summary)),
    method: escapeHtml(method(summary)),
  });
  return buildPage({
    title: `${heading(summary)} – circuits over training`,
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      KIT_STYLES.charts,
      KIT_STYLES.player,
      ...OWN_STYLES.map((name) => here(`styles/${name}.css`)),
    ],
    body,
    data: { summary: ordered },
    script: here("client/main.ts"),
  });
}
