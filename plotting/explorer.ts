/**
 * The explorer: one HTML page per model and task that shows how a circuit forms over training. Everything is inside the
 * page (data, styles, script), so that it opens from disk, without a network, for as long as browsers exist.
 *
 * Usage: deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi [--output explorer.html]
 */
import { Command } from "@commander-js/extra-typings";
import { join } from "@std/path";
import type { CircuitSummary } from "../utils/experiment/circuit_summary.ts";
import { writeFileAtomic } from "../utils/experiment/files.ts";
import { UserError } from "../utils/experiment/user_error.ts";
import { bundleClient } from "./explorer/bundle.ts";
import { tellUserErrors } from "./figures/plot_command.ts";
import { findSummaries } from "./result_files/summaries.ts";

const FOLDER = new URL("./explorer/", import.meta.url);

const STYLES = ["theme", "page", "panel", "controls", "tools", "circuit", "charts"];

const TASK_NAMES: Record<string, string> = {
  ioi: "indirect objects",
  greater_than: "greater-than",
  gender_pronoun: "gendered pronouns",
  sva: "subject–verb agreement",
};

const METRIC_NAMES: Record<string, string> = {
  logit_diff: "logit difference",
  prob_diff: "probability difference",
};

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function heading(summary: CircuitSummary): string {
  const task = TASK_NAMES[summary.task] ?? summary.task.replaceAll("_", " ");
  return `How ${summary.model} learns ${task}`;
}

function intro(summary: CircuitSummary): string {
  const metric = METRIC_NAMES[summary.metric] ?? summary.metric.replaceAll("_", " ");
  const count = summary.checkpoints.length;
  return `For each of ${count} checkpoint${count === 1 ? "" : "s"}, the smallest circuit found ` +
    `that keeps ${Math.round(summary.threshold * 100)} % of the model’s ${metric} while every ` +
    `other edge carries what it would carry on the corrupted prompt. Move the slider to watch ` +
    `heads and MLPs join and leave; click one to follow its paths.`;
}

function method(summary: CircuitSummary): string {
  const { shape } = summary;
  return `${summary.model}, ${shape.nLayers} layers of ${shape.nHeads} heads, ` +
    `${summary.nEdges.toLocaleString("en-US")} edges. Scores by ${summary.method}, ` +
    `${summary.igSteps} integration steps (${summary.quadrature}), ` +
    `mean over ${summary.nPrompts} prompt pairs.`;
}

/** The whole page as a string. Checkpoints are shown in the order of their steps. */
export function buildExplorer(summary: CircuitSummary): string {
  const ordered: CircuitSummary = {
    ...summary,
    checkpoints: [...summary.checkpoints].sort((a, b) => a.step - b.step),
  };
  const parts: Record<string, string> = {
    title: escapeHtml(`${heading(summary)} – circuits over training`),
    heading: escapeHtml(heading(summary)),
    intro: escapeHtml(intro(summary)),
    method: escapeHtml(method(summary)),
    style: STYLES.map((name) => Deno.readTextFileSync(new URL(`styles/${name}.css`, FOLDER)))
      .join("\n"),
    summary: JSON.stringify(ordered).replaceAll("<", "\\u003c"),
    script: bundleClient(new URL("client/main.ts", FOLDER)),
  };
  const template = Deno.readTextFileSync(new URL("template.html", FOLDER));
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]);
}

if (import.meta.main) {
  const command = new Command("plotting/explorer.ts")
    .description("Make the explorer page of a model and task from its summary.json.")
    .argument("<paths...>", "summary.json files, or folders below which they are looked for")
    .option("-o, --output <file>", "where the page goes (default: explorer.html by the summary)")
    .addHelpText(
      "after",
      "\nExample:\n  deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const found = await findSummaries(command.args);
    const { output } = command.opts();
    if (output && found.length > 1) {
      throw new UserError(`--output names one file, but ${found.length} summaries were found`, 2);
    }
    for (const { folder, summary } of found) {
      const file = output ?? join(folder, "explorer.html");
      await writeFileAtomic(file, buildExplorer(summary));
      console.log(file);
    }
  });
}
