/**
 * Builds the page of dashboards: all features of a checkpoint, with search and a card for each. The page contains its data, styles
 * and script, so it opens from disk without a network.
 */
import type {
  DashboardFeature,
  DashboardScore,
  FeatureDashboards,
  featureDashboards,
  StoredOf,
} from "../../utils/results/mod.ts";
import { UserError } from "../../utils/base/mod.ts";
import { buildPage, escapeHtml, fillTemplate, KIT_STYLES } from "../page/mod.ts";
import { type DashboardData, type FeatureName, READING_ORDER, READINGS } from "./client/mod.ts";

const here = (path: string) => new URL(path, import.meta.url);

/** Style sheets of dashboards. */
export const DASHBOARD_STYLES = {
  /** the card of a feature, for any page */
  card: here("styles/card.css"),
  /** the page around it */
  list: here("styles/list.css"),
} as const;

/** A file of dashboards, as read. */
export type StoredDashboards = StoredOf<typeof featureDashboards>;

/** Returns what a page embeds of a file. @throws UserError if the file does not have its checkpoint. */
export function dashboardData({ path, header, entries }: StoredDashboards): DashboardData {
  const { model, step, vocabulary } = header, dashboards = entries.get(step);
  if (!dashboards) throw new UserError(`${path} does not have the dashboards of step ${step}`);
  return { model, step, vocabulary, dashboards };
}

/** Returns dashboards with these features only, and the rows of text that they show. */
export function pickFeatures(data: DashboardData, wanted: Iterable<FeatureName>): DashboardData {
  const names = new Set(Array.from(wanted, ({ layer, id }) => `${layer}.${id}`));
  const { dashboards } = data, rows = new Set<number>();
  const layers = dashboards.layers.map((layer) => {
    const features = layer.features.filter(({ id }) => names.has(`${layer.layer}.${id}`));
    for (const feature of features) for (const row of rowsOf(feature)) rows.add(row);
    return { ...layer, features };
  });
  const kept = Object.fromEntries(
    [...rows].sort((a, b) => a - b).map((row) => [row, dashboards.rows[row]]),
  );
  return { ...data, dashboards: { ...dashboards, layers, rows: kept } };
}

function rowsOf({ top = [], bands = [] }: DashboardFeature): number[] {
  return [...top, ...bands.flatMap(({ examples }) => examples)].map(([row]) => row);
}

const count = (n: number) => n.toLocaleString("en-US");
const decimal = (x: number) => x.toFixed(2).replace("-", "−");

function intro({ layers, tokens }: FeatureDashboards): string {
  const features = layers.reduce((sum, layer) => sum + layer.features.length, 0);
  const alive = layers.reduce((sum, layer) => sum + layer.alive, 0);
  return `${count(features)} features of ${layers.length} layer${
    layers.length === 1 ? "" : "s"
  } on ` +
    `${count(tokens)} tokens of text; ${
      count(alive)
    } of them fired. For each: what it fires on, what it ` +
    `writes and reads, and how well a short rule, the current token or the position tell when it fires.`;
}

function notes({ dashboards }: DashboardData): string {
  const { fit_tokens, held_out_tokens, least_firings, tokens } = dashboards;
  const all = [
    `A feature fires where its activation is positive. Readings are fitted on ${
      count(fit_tokens)
    } tokens and measured on ` +
    `${
      count(held_out_tokens)
    } others; a feature with fewer than ${least_firings} firings in either half has none (“–”). ` +
    "Their intervals resample blocks of rows.",
    "The share of entropy that a key tells is a lower bound of the mutual information, as a share of the entropy of firing; it " +
    "is 0 or less for a key that says nothing on the held-out half.",
    `Examples from quantiles are chosen from a uniform sample of each feature’s firings in all ${
      count(tokens)
    } tokens.`,
    "Connections come from the weights alone and leave out the scales of LayerNorms.",
  ];
  return all.map((note) => `<p>${escapeHtml(note)}</p>`).join("\n  ");
}

function scoreText(mean: DashboardScore): string {
  if (!mean) return "–";
  const [value, low, high] = mean.map(decimal);
  return `${value} <small>[${low}, ${high}]</small>`;
}

function table({ layers, scores }: FeatureDashboards): string {
  const names = READING_ORDER.filter((name) => scores.includes(name));
  const head = ["layer", "fired", "active", ...names.map((name) => READINGS[name].name)];
  const rows = layers.map((layer) => {
    const cells = names.map((name) => {
      const { coder, floor } = layer.summary[name];
      return `<td>${scoreText(coder.mean)}<div class="floor">${scoreText(floor.mean)}</div></td>`;
    });
    const F = layer.features.length;
    const fired = `${count(layer.alive)} <small>of ${count(F)}</small>`;
    return `<tr><th scope="row">${layer.layer}</th><td>${fired}<div class="floor">` +
      `${count(layer.floor_alive)}</div></td><td>${layer.l0.toFixed(1)}<div class="floor">` +
      `${layer.floor_l0.toFixed(1)}</div></td>${cells.join("")}</tr>`;
  });
  const headings = head.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  return `<table class="summary"><thead><tr>${headings}</tr></thead><tbody>${
    rows.join("")
  }</tbody></table>`;
}

/** Returns the HTML of the page. */
export function buildDashboards(stored: StoredDashboards): string {
  const data = dashboardData(stored);
  const heading = `What the features of ${data.model} fire on at step ${count(data.step)}`;
  const body = fillTemplate(Deno.readTextFileSync(here("body.html")), {
    heading: escapeHtml(heading),
    intro: escapeHtml(intro(data.dashboards)),
    table: table(data.dashboards),
    notes: notes(data),
  });
  return buildPage({
    title: `Features of ${data.model}, step ${count(data.step)}`,
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.palette,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      KIT_STYLES.charts,
      DASHBOARD_STYLES.list,
      DASHBOARD_STYLES.card,
    ],
    body,
    data: { dashboards: data },
    script: here("client/main.ts"),
  });
}
