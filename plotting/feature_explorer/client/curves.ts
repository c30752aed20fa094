/** Lists the curves over training of a run. */
import { axisPercent, type ChartSpec, integer, number, percent } from "../../page/client/mod.ts";
import { metricName } from "../../display_names.ts";
import type { FeatureRun, RunCircuit } from "../page_data.ts";

const asNumber = (value: number) =>
  Math.abs(value) >= 1000 ? `${value / 1000}k` : String(value).replace("-", "−");
const asCount = (value: number | null) => value === null ? "–" : integer(value);

/** Returns the specs of the charts. Charts without any value are left out. */
export function curveSpecs(run: FeatureRun): ChartSpec[] {
  const { checkpoints, transitions, threshold } = run;
  const ofCircuit = (value: (circuit: RunCircuit) => number | null) =>
    checkpoints.map(({ circuit }) => circuit && value(circuit));
  const specs: ChartSpec[] = [
    {
      id: "chart-metric",
      title: `Mean ${metricName(run.metric)} of the whole model, 95 %`,
      series: [
        {
          name: "mean",
          tone: "tone-1",
          values: checkpoints.map(({ metric }) => metric[0]),
          band: checkpoints.map(({ metric: [, low, high] }) => [low, high]),
        },
      ],
      include: [0],
      format: number,
      tick: asNumber,
    },
    {
      id: "chart-faithfulness",
      title: "Faithfulness, above all features ablated, %",
      series: [
        { name: "circuit", tone: "tone-1", values: ofCircuit(({ normalized }) => normalized) },
        {
          name: "random features",
          tone: "tone-2",
          values: ofCircuit(({ random }) => random?.normalized ?? null),
          dashed: true,
        },
      ],
      include: [0, 1],
      limits: [-0.5, 1.5],
      ...(threshold !== null && { rule: { value: threshold, label: "threshold" } }),
      format: percent,
      tick: axisPercent,
    },
    {
      id: "chart-size",
      title: "Size of the circuit",
      series: [
        { name: "nodes", tone: "tone-1", values: ofCircuit(({ nodes }) => nodes.length) },
        { name: "listed edges", tone: "tone-3", values: ofCircuit(({ edges }) => edges.length) },
      ],
      include: [0],
      format: asCount,
      tick: asNumber,
    },
    {
      id: "chart-alive",
      title: "Features that fire on text, all coders",
      series: [
        { name: "alive", tone: "tone-1", values: checkpoints.map((c) => c.turnover.alive || null) },
        { name: "kept", tone: "tone-3", values: checkpoints.map((c) => c.turnover.kept) },
      ],
      include: [0],
      format: asCount,
      tick: asNumber,
    },
    {
      id: "chart-births",
      title: "Births and deaths since the checkpoint before, all coders",
      series: [
        { name: "born", tone: "tone-1", values: checkpoints.map((c) => c.turnover.born) },
        { name: "dead", tone: "tone-3", values: checkpoints.map((c) => c.turnover.dead) },
      ],
      include: [0],
      format: asCount,
      tick: asNumber,
    },
    {
      id: "chart-overlap",
      title: "Overlap of kept features’ inputs with those before, %",
      series: [
        {
          name: "overlap",
          tone: "tone-1",
          values: transitions.map((t) => t?.overlap?.[0] ?? null),
        },
        {
          name: "unchanged",
          tone: "tone-2",
          values: transitions.map((t) => t?.ceiling ?? null),
          dashed: true,
        },
        {
          name: "another feature",
          tone: "tone-3",
          values: transitions.map((t) => t?.floor ?? null),
          dashed: true,
        },
      ],
      include: [0, 1],
      format: percent,
      tick: axisPercent,
    },
    {
      id: "chart-fvu",
      title: "Variance that the coders leave unexplained, %",
      series: [{ name: "mean of layers", tone: "tone-1", values: checkpoints.map((c) => c.fvu) }],
      include: [0],
      format: percent,
      tick: axisPercent,
    },
  ];
  return specs.filter(({ series }) => series.some(({ values }) => values.some((v) => v !== null)));
}
