/**
 * Builds the page of a blind study: numbered features in hidden order, each with its examples and four answers. The page contains
 * its data, styles and script, opens from disk without a network, and does not know the kinds.
 */
import type { RatingStudy } from "../../utils/results/mod.ts";
import { DASHBOARD_STYLES } from "../dashboards/mod.ts";
import { buildPage, fillTemplate, KIT_STYLES } from "../page/mod.ts";

const here = (path: string) => new URL(path, import.meta.url);

/** Returns the HTML of the page. */
export function buildRatingPage(study: RatingStudy): string {
  const { study: name, items, vocabulary, rows } = study;
  const body = fillTemplate(Deno.readTextFileSync(here("body.html")), {
    count: String(items.length),
  });
  return buildPage({
    title: `Rate ${items.length} features`,
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      DASHBOARD_STYLES.card,
      here("styles/ratings.css"),
    ],
    body,
    data: { study: { study: name, items, vocabulary, rows } },
    script: here("client/main.ts"),
  });
}
