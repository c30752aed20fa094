/**
 * The pages that the server makes of result files: some of one file, some of everything below the results folder. The plot
 * commands make the same pages.
 */
import {
  attentionPatterns,
  circuitSummary,
  featureCircuits,
  featureDashboards,
  featureFormations,
  featureIdentities,
  findResults,
  GRAPH_FORMAT,
  ioiConsistencies,
  readCircuitSummary,
  ROLE_FORMATS,
  selfRepairs,
  taskPerformances,
  transcoderSweeps,
} from "../../utils/results/mod.ts";
import { dirname } from "@std/path";
import { UserError } from "../../utils/base/mod.ts";
import { buildGraphPage } from "../attribution_graph/page.ts";
import { readGraphs } from "../attribution_graph/read.ts";
import { buildDashboards } from "../dashboards/mod.ts";
import { edgesOverTimeFigure } from "../edges_over_time.ts";
import { buildExplorer } from "../explorer/page.ts";
import { faithfulnessFigure } from "../faithfulness.ts";
import { buildFeatureExplorer } from "../feature_explorer/page.ts";
import { readFeatureRuns } from "../feature_explorer/read.ts";
import { formationFigure } from "../feature_formation.ts";
import { behaviourFigure, performancesOf } from "../figure_1.ts";
import { consistencyFigure, consistencyOf } from "../figure_4.ts";
import { byRun, plotlyPage, timeAxis } from "../figures/mod.ts";
import { heatMapPage } from "../head_heatmaps.ts";
import { headScoresFigure } from "../head_scores.ts";
import { jaccardFigure } from "../jaccard.ts";
import { withCurrentRoles } from "../result_files/current_roles.ts";
import { readHeadSeries } from "../result_files/head_files.ts";
import { MEASURED_KINDS } from "../result_files/head_measures.ts";
import { storedAttention } from "../result_files/stored_attention.ts";
import { findSummaries } from "../result_files/summaries.ts";
import { repairsOf, selfRepairFigure } from "../self_repair.ts";
import { sweepFigure } from "../transcoder_sweep.ts";

/** A page that the server can make. */
export interface ServedPage {
  /** name in the address */
  name: string;
  /** title of the link */
  title: string;
  /** formats of the result files that it reads */
  formats: readonly string[];
  /** formats of further files that the page reads; if they change, the page is made again */
  alsoReads?: readonly string[];
  /**
   * Returns the HTML of the page.
   * @param paths one result file, or all that have the formats
   * @param others for a page of several files, those that it also reads
   * @throws UserError if a file is damaged
   */
  build(paths: string[], others?: string[]): Promise<string>;
}

const heads = MEASURED_KINDS.map(({ format }) => format);
const summaries = async (paths: string[]) =>
  (await findSummaries(paths)).map(({ summary }) => summary);

/** Pages of one result file. */
export const FILE_PAGES: readonly ServedPage[] = [
  {
    name: "explorer",
    title: "Circuit explorer",
    formats: [circuitSummary.format],
    alsoReads: [...ROLE_FORMATS, attentionPatterns.format],
    build: async ([path]) =>
      buildExplorer(
        await withCurrentRoles(dirname(path), await readCircuitSummary(path)),
        { attention: await storedAttention(dirname(path)) },
      ),
  },
  {
    name: "attribution_graph",
    title: "Attribution graph",
    formats: [GRAPH_FORMAT],
    build: async (paths) => buildGraphPage(await readGraphs(paths)),
  },
  {
    name: "faithfulness",
    title: "Faithfulness",
    formats: [circuitSummary.format],
    build: async (paths) => plotlyPage(faithfulnessFigure(await summaries(paths), "normalized")),
  },
  {
    name: "heat_maps",
    title: "Heat maps of heads",
    formats: heads,
    build: async (paths) => plotlyPage(heatMapPage(await readHeadSeries(paths))),
  },
  {
    name: "head_scores",
    title: "Heads over training",
    formats: heads,
    build: async (paths) => {
      const options = { top: 6, fit: false, time: timeAxis(true) };
      return plotlyPage(headScoresFigure(await readHeadSeries(paths), options));
    },
  },
  {
    name: "dashboards",
    title: "Dashboards of features",
    formats: [featureDashboards.format],
    build: async (paths) => {
      const [file] = await findResults(paths, [featureDashboards]);
      return buildDashboards(file);
    },
  },
  {
    name: "formation",
    title: "Formation of feature circuits",
    formats: [featureFormations.format],
    build: async (paths) => {
      const [file] = await findResults(paths, [featureFormations]);
      return plotlyPage(formationFigure([file], file.header.set));
    },
  },
  {
    name: "sweep",
    title: "Sweep of transcoders",
    formats: [transcoderSweeps.format],
    build: async (paths) => {
      const [{ path, steps, entries, header }] = await findResults(paths, [transcoderSweeps]);
      const step = steps.at(-1);
      if (step === undefined) throw new UserError(`${path} has no finished checkpoint yet`);
      return plotlyPage(sweepFigure(header.model, step, entries.get(step)!, "ce"));
    },
  },
];

/** Pages of everything below the results folder. */
export const FOLDER_PAGES: readonly ServedPage[] = [
  {
    name: "feature_explorer",
    title: "Feature circuits over training",
    formats: [
      featureCircuits.format,
      featureFormations.format,
      featureIdentities.format,
    ],
    alsoReads: [featureDashboards.format],
    build: async (paths, others = []) =>
      buildFeatureExplorer(
        await readFeatureRuns(paths),
        others.length > 0 ? await findResults(others, [featureDashboards]) : [],
      ),
  },
  {
    name: "behaviour",
    title: "Behaviour over training",
    formats: [taskPerformances.format],
    build: async (paths) => {
      const files = await findResults(paths, [taskPerformances]);
      return plotlyPage(behaviourFigure(performancesOf(files), timeAxis(true)));
    },
  },
  {
    name: "edges_over_time",
    title: "Size of circuits over training",
    formats: [circuitSummary.format],
    build: async (paths) => plotlyPage(edgesOverTimeFigure(await summaries(paths))),
  },
  {
    name: "jaccard",
    title: "Similarity of circuits",
    formats: [circuitSummary.format],
    build: async (paths) => plotlyPage(jaccardFigure(await summaries(paths))),
  },
  {
    name: "self_repair",
    title: "Self-repair",
    formats: [selfRepairs.format],
    build: async (paths) => {
      const files = await findResults(paths, [selfRepairs]);
      return plotlyPage(selfRepairFigure(byRun(files, repairsOf), timeAxis(true)));
    },
  },
  {
    name: "consistency",
    title: "What the known algorithm explains",
    formats: [ioiConsistencies.format],
    build: async (paths) => {
      const files = await findResults(paths, [ioiConsistencies]);
      return plotlyPage(consistencyFigure(consistencyOf(files), timeAxis(true)));
    },
  },
];
