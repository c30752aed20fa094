/**
 * Builds the explorer: one HTML page per model and task that shows how a circuit forms over training. The page contains
 * its data, styles and script, so it opens from disk without a network.
 */
import type { AttentionPatternFile, CircuitSummary } from "../../utils/results/mod.ts";
import { LEAST_RISES } from "../../utils/base/mod.ts";
import { buildPage, escapeHtml, fillTemplate, KIT_STYLES } from "../page/mod.ts";
import { hatching, heading, intro, method } from "./sentences.ts";
import type { ShownSummary } from "./client/shown.ts";
import { otherRuns, shownSummary } from "./shown_summary.ts";

const here = (path: string) => new URL(path, import.meta.url);

const OWN_STYLES = ["letters", "page", "panel", "tools", "circuit", "charts", "attention"];

function leastRise({ config, metric }: CircuitSummary): number | undefined {
  const set = config?.least_rise;
  return typeof set === "number" ? set : LEAST_RISES[metric];
}

/** Most characters of patterns on a page. */
const MOST_PATTERNS = 6_000_000;

/** Returns the first prompts whose patterns at all checkpoints fit a page; at least one. */
function fittingPrompts({ prompts, steps }: AttentionPatternFile): AttentionPatternFile {
  let room = MOST_PATTERNS;
  const fitting = prompts.findIndex((_, i) => {
    room -= Object.values(steps).reduce((sum, { patterns }) => sum + patterns[i].length, 0);
    return room < 0;
  });
  const count = fitting < 0 ? prompts.length : Math.max(1, fitting);
  return {
    prompts: prompts.slice(0, count),
    steps: Object.fromEntries(
      Object.entries(steps).map(([step, { metric, patterns }]) => [step, {
        metric: metric.slice(0, count),
        patterns: patterns.slice(0, count),
      }]),
    ),
  };
}

/** What a page shows in addition to a summary. */
export interface ExplorerOptions {
  /** where heads attend on some prompts; the page has at most 6 MB of it, fewer prompts if they are more */
  attention?: AttentionPatternFile;
  /** runs whose circuits the page compares with; those of models of another shape are left out */
  others?: readonly CircuitSummary[];
  /** title of the page and of saved pictures; default: from the model and task */
  title?: string;
  /** text below the circuit, and above it in saved pictures */
  caption?: string;
}

/** Returns the HTML of the whole page. It orders checkpoints by step. */
export function buildExplorer(
  summary: CircuitSummary,
  { attention, others = [], title, caption = "" }: ExplorerOptions = {},
): string {
  const shown: ShownSummary = {
    ...shownSummary(summary),
    others: otherRuns(summary, others),
    ...(title && { title }),
    ...(caption && { caption }),
  };
  const name = title ?? heading(summary);
  const body = fillTemplate(Deno.readTextFileSync(here("body.html")), {
    heading: escapeHtml(name),
    caption: escapeHtml(caption),
    intro: escapeHtml(intro(summary)),
    method: escapeHtml(method(summary)),
    hatching: escapeHtml(hatching(summary, leastRise(summary))),
  });
  return buildPage({
    title: `${name} – circuits over training`,
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
    data: { summary: shown, patterns: attention ? fittingPrompts(attention) : null },
    script: here("client/main.ts"),
  });
}
