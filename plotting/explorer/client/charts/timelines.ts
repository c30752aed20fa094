/** Lists the curves over training that the page shows. */
import { axisPercent, type ChartSpec, integer, number, percent } from "../../../page/client/mod.ts";
import { metricName } from "../../../display_names.ts";
import type { ShownCheckpoint, ShownSummary } from "../shown.ts";

const asNumber = (value: number) =>
  Math.abs(value) >= 1000 ? `${value / 1000}k` : String(value).replace("-", "−");

export function timelineSpecs(summary: ShownSummary): ChartSpec[] {
  const points = summary.checkpoints;
  const previous = new Map(summary.toPrevious.map((change) => [change.to, change]));
  const final = new Map(summary.toFinal.map((change) => [change.from, change]));
  const share = (value: number | undefined) => value ?? null;
  const circuits = (value: (point: ShownCheckpoint) => number | undefined) =>
    points.map((point) => point.able ? share(value(point)) : null);
  const specs: ChartSpec[] = [
    {
      id: "chart-metric",
      title: `Mean ${metricName(summary.metric)} of the whole model`,
      series: [
        {
          name: "clean prompts",
          tone: "tone-1",
          values: points.map((p) => p.baseline),
          band: points.map((p) => p.ability?.interval ?? null),
        },
        { name: "corrupted", tone: "tone-2", values: points.map((p) => p.corrupted), dashed: true },
      ],
      include: [0],
      format: number,
      tick: asNumber,
    },
    {
      id: "chart-faithfulness",
      title: "Faithfulness of the circuit, %",
      series: [
        { name: "of clean", tone: "tone-1", values: circuits((p) => p.faithfulness) },
        ...(summary.fromCorrupted
          ? [{
            name: "above corrupted",
            tone: "tone-3",
            values: circuits((p) => p.normalized),
            dashed: true,
          }]
          : []),
      ],
      include: [0, 1],
      limits: [-0.25, 1.5],
      ...(summary.searched && { rule: { value: summary.threshold, label: "threshold" } }),
      format: percent,
      tick: axisPercent,
    },
    {
      id: "chart-size",
      title: "Size of the circuit",
      series: [
        { name: "edges", tone: "tone-1", values: circuits((p) => p.edges) },
        { name: "nodes", tone: "tone-3", values: circuits((p) => p.nodes.length) },
      ],
      include: [0],
      format: (value) => value === null ? "–" : integer(value),
      tick: asNumber,
    },
  ];
  const similarity = {
    previous: points.map((p) => share(previous.get(p.step)?.weightedJaccard)),
    final: points.map((p) => share(final.get(p.step)?.weightedJaccard)),
    stability: points.map((p) => p.edges > 0 ? share(p.stability) : null),
  };
  const series = [
    { name: "with previous", tone: "tone-1", values: similarity.previous },
    { name: "with final", tone: "tone-3", values: similarity.final },
    { name: "resampled", tone: "tone-2", values: similarity.stability, dashed: true },
  ].filter((s) => s.values.some((value) => value !== null));
  if (series.length > 0) {
    specs.push({
      id: "chart-similarity",
      title: "Overlap of circuits (Jaccard, %)",
      series,
      include: [0, 1],
      format: percent,
      tick: axisPercent,
    });
  }
  return specs;
}
