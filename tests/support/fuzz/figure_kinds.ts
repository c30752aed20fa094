/** Result files as figures and pages show them. */
import { join } from "@std/path";
import { edgesOverTimeFigure } from "../../../plotting/edges_over_time.ts";
import { buildExplorer } from "../../../plotting/explorer/page.ts";
import { faithfulnessFigure } from "../../../plotting/faithfulness.ts";
import { heatMapPage } from "../../../plotting/head_heatmaps.ts";
import { jaccardFigure } from "../../../plotting/jaccard.ts";
import { readHeadSeries } from "../../../plotting/result_files/head_files.ts";
import { findSummaries } from "../../../plotting/result_files/summaries.ts";
import { changingHeads, repairsOf } from "../../../plotting/self_repair.ts";
import { RESULT_KINDS } from "../../../utils/results/kinds/all.ts";
import { readAttention, ResultPaths, selfRepairs } from "../../../utils/results/mod.ts";
import { type FuzzKind, REFERENCE } from "./kind.ts";
import { mutateJson } from "./mutations.ts";

type Name = keyof typeof RESULT_KINDS;

function figureKind(name: Name, read: (path: string) => Promise<unknown>): [string, FuzzKind] {
  const file = name === "circuitSummary" ? "summary.json" : `${name}.json`;
  return [`figures of ${name}`, {
    file,
    async make(folder) {
      const paths = new ResultPaths(join(REFERENCE, "result_files"), "pythia-nano");
      await Deno.copyFile(RESULT_KINDS[name].path(paths, "ioi"), join(folder, file));
    },
    mutate: mutateJson,
    read: (folder) => read(join(folder, file)),
  }];
}

const heads = async (path: string) => heatMapPage(await readHeadSeries([path]));

/** Figures by the kind that they show. */
export const FIGURE_KINDS: Record<string, FuzzKind> = Object.fromEntries([
  figureKind("circuitSummary", async (path) => {
    const summaries = (await findSummaries([path])).map(({ summary }) => summary);
    jaccardFigure(summaries);
    edgesOverTimeFigure(summaries);
    faithfulnessFigure(summaries, "faithfulness");
    buildExplorer(summaries[0]);
  }),
  figureKind("attentionPatterns", readAttention),
  figureKind("fullModelComponents", heads),
  figureKind("copySuppression", heads),
  figureKind("successorHeads", heads),
  figureKind("selfRepairs", async (path) => changingHeads(repairsOf(await selfRepairs.read(path)))),
]);
