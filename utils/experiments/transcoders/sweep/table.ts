/** Tables of a sweep: for the terminal, as CSV with every layer, and as Markdown. */
import { stringify } from "@std/csv";
import type { Column } from "../../../cli/mod.ts";
import type { EvaluatedArm, SweepArm, TranscoderSweep } from "../../../results/mod.ts";

/** A row: an arm, or a floor of a stream. */
export interface SweepRow {
  /** name of the arm or of the floor */
  name: string;
  /** what was measured */
  standIn: EvaluatedArm;
  /** the arm; absent for a floor */
  arm?: SweepArm;
}

/** Names of floors that are the same for all arms. */
const FLOORS: Record<string, string> = {
  zero: "zero ablation",
  mean: "mean ablation",
  unigram: "unigram table",
  skip: "linear map",
};

/** Returns the rows of a sweep: the arms of each stream, and its floors after them. */
export function sweepRows({ streams, arms }: TranscoderSweep): SweepRow[] {
  return streams.flatMap(({ floors, input }, i): SweepRow[] => [
    ...arms.filter(({ stream }) => stream === i)
      .map((arm) => ({ name: arm.name, standIn: arm.coders, arm })),
    ...Object.entries(floors).map(([floor, standIn]) => ({
      name: streams.length > 1 ? `${FLOORS[floor]}, ${input}` : FLOORS[floor],
      standIn,
    })),
  ]);
}

const meanFvu = ({ places }: EvaluatedArm): number =>
  places.reduce((sum, { fvu }) => sum + fvu, 0) / places.length;
const total = (arm: SweepArm | undefined, key: "dead" | "dense"): number | undefined =>
  arm?.features.reduce((sum, layer) => sum + layer[key], 0);

/** Returns the columns of the terminal's table. Losses are in nats, with all layers taken. */
export function sweepColumns(): Column<SweepRow>[] {
  return [
    { header: "", value: ({ name }) => name },
    { header: "features", value: ({ arm }) => arm?.width },
    { header: "L0", value: ({ arm }) => arm?.l0, digits: 2 },
    { header: "FVU", value: ({ standIn }) => meanFvu(standIn), digits: 4 },
    { header: "Δ CE", value: ({ standIn }) => standIn.propagating.delta_ce, digits: 4 },
    { header: "clean inputs", value: ({ standIn }) => standIn.clean.delta_ce, digits: 4 },
    { header: "KL", value: ({ standIn }) => standIn.propagating.kl, digits: 4 },
    { header: "dead", value: ({ arm }) => total(arm, "dead") },
    { header: "dense", value: ({ arm }) => total(arm, "dense") },
    { header: "neurons", value: ({ arm }) => deltaOf(arm, "neurons"), digits: 4 },
    { header: "random", value: ({ arm }) => deltaOf(arm, "random"), digits: 4 },
    { header: "front", value: ({ arm }) => arm?.front ? "★" : "" },
  ];
}

const deltaOf = (arm: SweepArm | undefined, floor: string): number | undefined =>
  arm?.floors[floor]?.propagating.delta_ce;

/** Returns a sweep as CSV: a row per arm and floor, with columns for every layer. */
export function sweepCsv(sweep: TranscoderSweep): string {
  const rows = sweepRows(sweep).map(({ name, standIn, arm }) => {
    const { clean, propagating, places } = standIn;
    const layers = places.map(({ layer, l0, fvu, alone }, i) => ({
      [`l0_layer_${layer}`]: l0,
      [`fvu_layer_${layer}`]: fvu,
      [`delta_ce_layer_${layer}`]: alone.delta_ce,
      [`dead_layer_${layer}`]: arm?.features[i].dead,
    }));
    return {
      name,
      kind: arm?.kind,
      activation: arm?.activation,
      skip: arm?.skip,
      features: arm?.width,
      sparsity_key: arm?.sparsity.key,
      sparsity: arm?.sparsity.value,
      l0: arm?.l0,
      fvu: meanFvu(standIn),
      delta_ce: propagating.delta_ce,
      delta_ce_clean_inputs: clean.delta_ce,
      kl: propagating.kl,
      score_zero: propagating.score_zero,
      score_mean: propagating.score_mean,
      delta_ce_neurons: deltaOf(arm, "neurons"),
      delta_ce_random: deltaOf(arm, "random"),
      front: arm?.front,
      ...Object.assign({}, ...layers),
    } as Record<string, unknown>;
  });
  return stringify(rows, { columns: Object.keys(rows[0]), headers: true }).replaceAll("\r\n", "\n");
}

/** Returns a sweep as a Markdown table with the columns of the terminal's, and a line that says what they mean. */
export function sweepMarkdown(sweep: TranscoderSweep): string {
  const columns = sweepColumns();
  const rows = sweepRows(sweep);
  const cells = rows.map((row) =>
    columns.map(({ value, digits }) => {
      const found = value(row);
      if (found === undefined || found === null) return "–";
      return typeof found === "number" ? found.toFixed(digits ?? 0) : String(found);
    })
  );
  const line = (parts: readonly string[]) => `| ${parts.join(" | ")} |`;
  return [
    ...[line(columns.map(({ header }) => header || "arm")), line(columns.map(() => "---"))],
    ...cells.map(line),
    "",
    SWEEP_NOTE,
    "",
  ].join("\n");
}

/** Says what the columns are. */
export const SWEEP_NOTE: string =
  "L0 and FVU: means over layers. Δ CE, KL: nats, all layers taken and errors propagating " +
  "(clean inputs: every coder reads the unchanged model). neurons, random: Δ CE of as many active neurons of the MLP, and " +
  "of random features. dead, dense: features of all layers that never fire, that fire on more than 10 % of tokens. " +
  "★: no arm of the same width has at most this L0 and at most this Δ CE, one of them smaller.";
