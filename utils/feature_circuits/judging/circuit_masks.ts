/**
 * Sufficiency and necessity of a circuit of features. The coders take the places of all MLPs; masked activations become 0 or
 * the feature's mean; errors of the coders are kept as in the clean run, or dropped:
 *
 *     full      nothing masked                          m(full)
 *     none      every feature masked                    m(none)
 *     only      features outside the circuit masked     sufficiency = (m(only) − m(none)) / (m(full) − m(none))
 *     without   features of the circuit masked          necessity   = (m(full) − m(without)) / (m(full) − m(none))
 *
 * Features that are not active in the clean run are outside the circuit. Sources: Marks et al. (2024), sparse feature circuits,
 * for the two ratios under a mean mask.
 */
import { type F32, tensor } from "../../onnx/mod.ts";
import { type CleanPrompt, interveneAll, type LayerChange } from "../interventions/mod.ts";
import type { FeatureStatistics } from "./feature_statistics.ts";
import { type LogitMetric, metricOf } from "./metric.ts";

/** What masked activations become, and what happens to errors. */
export interface MaskKind {
  /** zero, or the feature's mean */
  fill: "zero" | "mean";
  /** whether the coders' errors are kept */
  errors: "kept" | "dropped";
}

/** All kinds. */
export const MASK_KINDS: readonly MaskKind[] = (["zero", "mean"] as const).flatMap((fill) =>
  (["kept", "dropped"] as const).map((errors) => ({ fill, errors }))
);

/** Values of the metric under one kind of mask. */
export interface MaskedMetrics {
  /** nothing masked */
  full: number;
  /** every feature masked */
  none: number;
  /** of each circuit */
  only: number[];
  /** of each circuit */
  without: number[];
}

/** Options of {@link maskedMetrics}. */
export interface MaskOptions extends MaskKind {
  /** whether attention patterns stay as in the clean run */
  attention: "free" | "frozen_attention";
}

/**
 * Measures circuits of one prompt under a kind of mask.
 * @param circuits each a list of (layer, position, feature)
 */
export async function maskedMetrics(
  clean: CleanPrompt,
  circuits: readonly (readonly ArrayLike<number>[])[],
  metric: LogitMetric,
  { means }: FeatureStatistics,
  { fill, errors, attention }: MaskOptions,
): Promise<MaskedMetrics> {
  const n = clean.tokens.length, batch = 2 + 2 * circuits.length;
  // Rows: full, none, then only and without of each circuit.
  const changes = clean.coders.map(({ config: { features: F } }, layer): LayerChange => {
    const kept = new Uint8Array(batch * n * F);
    const rowOf = (row: number) => kept.subarray(row * n * F, (row + 1) * n * F);
    rowOf(0).fill(1);
    circuits.forEach((circuit, c) => {
      const only = rowOf(2 + 2 * c), without = rowOf(3 + 2 * c).fill(1);
      for (const place of circuit) {
        if (place[0] !== layer) continue;
        only[place[1] * F + place[2]] = 1;
        without[place[1] * F + place[2]] = 0;
      }
    });
    const values = (of: (keeps: number, feature: number) => number): F32 =>
      tensor(Float32Array.from(kept, (keeps, i) => of(keeps, i % F)), [batch, n, F]);
    return {
      factor: values((keeps) => keeps),
      offset: values((keeps, f) => fill === "zero" || keeps ? 0 : means[layer][f]),
    };
  });
  const frozen = { replaced: attention, errors };
  const { logits } = await interveneAll(clean, batch, changes, { frozen });
  const values = metricOf(logits, metric);
  return {
    full: values[0],
    none: values[1],
    only: circuits.map((_, c) => values[2 + 2 * c]),
    without: circuits.map((_, c) => values[3 + 2 * c]),
  };
}
