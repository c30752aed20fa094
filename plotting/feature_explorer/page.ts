/**
 * Builds the feature explorer: one HTML page on which the feature circuits of tasks form over training. Each run is embedded
 * as an element of its own, so that the page parses just the ones that it shows; so are the dashboards of each checkpoint. All
 * but the first run come after the script: the page can be used while the browser still reads them.
 */
import { UserError } from "../../utils/base/mod.ts";
import { taskTitle } from "../display_names.ts";
import { DASHBOARD_STYLES, type StoredDashboards } from "../dashboards/mod.ts";
import { buildPage, KIT_STYLES } from "../page/mod.ts";
import { pickCards } from "./cards.ts";
import type { FeatureRun, RunName } from "./page_data.ts";

const here = (path: string) => new URL(path, import.meta.url);

const OWN_STYLES = ["page", "graph", "panel", "curves", "through_time"];

/**
 * Returns the HTML of the whole page.
 * @param dashboards of any coders; those of the runs' coders are shown
 * @throws UserError without runs
 */
export function buildFeatureExplorer(
  runs: readonly FeatureRun[],
  dashboards: readonly StoredDashboards[] = [],
): string {
  if (runs.length === 0) throw new UserError("the feature explorer needs a run, found none");
  const names = runs.map(({ model, task, set }): RunName => ({
    model,
    task,
    set,
    title: taskTitle(task),
  }));
  const models = [...new Set(runs.map(({ model }) => model))];
  return buildPage({
    title: `How feature circuits form in ${models.join(", ")}`,
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      KIT_STYLES.charts,
      KIT_STYLES.player,
      DASHBOARD_STYLES.card,
      ...OWN_STYLES.map((name) => here(`styles/${name}.css`)),
    ],
    body: Deno.readTextFileSync(here("body.html")),
    data: { runs: names, "run-0": runs[0] },
    late: {
      ...Object.fromEntries(runs.map((run, i) => [`run-${i}`, run]).slice(1)),
      ...pickCards(runs, dashboards),
    },
    script: here("client/main.ts"),
  });
}
