/** Lists the curves of one feature: how its decoder turns, how well it can be read, and how often it fires. */
import { type ChartSpec, number, percent } from "../../../page/client/mod.ts";
import type { RunIndex } from "../run_index.ts";
import { cardOf } from "./feature_cards.ts";

const decimals = (value: number) => String(value).replace("-", "−");

/** Returns the specs of the charts. Curves without any value are left out, and charts without curves. */
export function driftSpecs(index: RunIndex, slot: number): ChartSpec[] {
  const { run } = index, { cosines, lastCosines } = run.slots[slot];
  const cards = run.checkpoints.map((_, t) => cardOf(index, slot, t));
  const scores = (name: string) => cards.map((card) => card?.found.feature.scores?.[name] ?? null);
  const scored = (name: string) => ({
    values: scores(name).map((score) => score?.[0] ?? null),
    band: scores(name).map((score): [number, number] | null => score && [score[1], score[2]]),
  });
  const floor = (name: string) =>
    cards.map((card) => card?.found.layer.summary[name]?.floor_quantiles[2] ?? null);
  const specs: ChartSpec[] = [
    {
      id: "drift-decoder",
      title: "Its decoder: cosine",
      series: [
        { name: "with the last checkpoint", tone: "tone-1", values: lastCosines ?? [] },
        { name: "with the one before", tone: "tone-3", values: cosines },
      ],
      include: [0, 1],
      format: number,
      tick: decimals,
    },
    {
      id: "drift-readings",
      title: "Rules for its firing, held-out F1",
      series: [
        { name: "best rule", tone: "tone-1", ...scored("rule") },
        { name: "generator’s labels", tone: "tone-3", ...scored("label") },
        { name: "random coder, best rule", tone: "tone-2", values: floor("rule"), dashed: true },
      ],
      include: [0, 1],
      format: number,
      tick: decimals,
    },
    {
      id: "drift-firing",
      title: "Tokens of the text on which it fires, %",
      series: [{
        name: "share",
        tone: "tone-1",
        values: cards.map((card) =>
          card ? card.found.feature.firings / card.data.dashboards.tokens : null
        ),
      }],
      include: [0],
      format: percent,
      tick: (share) => String(Number((100 * share).toPrecision(2))),
    },
  ];
  const known = (values: readonly (number | null)[]) => values.some((value) => value !== null);
  return specs
    .map((spec) => ({ ...spec, series: spec.series.filter(({ values }) => known(values)) }))
    .filter(({ series }) => series.length > 0);
}
