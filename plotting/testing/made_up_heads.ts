/**
 * Makes up result files of the head scripts, with the keys that the figures read. A few heads learn one part each, on a
 * logistic curve over log steps; all others stay near 0. Deterministic.
 */
import { headName } from "../../utils/names/mod.ts";
import { dirname, join } from "@std/path";

export interface MadeUpHeads {
  model: string;
  nLayers: number;
  nHeads: number;
  steps: number[];
}

export const SOME_HEADS: MadeUpHeads = {
  model: "pythia-160m",
  nLayers: 12,
  nHeads: 12,
  steps: [0, 1, 8, 64, 256, 512, 1000, 2000, 4000, 8000, 16000, 33000, 66000, 131000, 143000],
};

/** Part → depth as a fraction of the layers, head, step at half height, final height. */
const PARTS: Record<string, [depth: number, head: number, middle: number, height: number][]> = {
  previous: [[0.2, 1, 400, 0.95], [0.3, 3, 900, 0.6]],
  duplicate: [[0.1, 2, 500, 0.8]],
  induction: [[0.4, 0, 800, 0.9], [0.5, 2, 1200, 0.7], [0.6, 1, 6000, 0.35]],
  successor: [[0.5, 3, 3000, 0.7], [0.7, 0, 9000, 0.3]],
  copy: [[0.75, 2, 2000, 95], [0.8, 0, 5000, 70]],
  suppression: [[0.9, 1, 7000, 0.6], [0.95, 3, 20000, -0.3]],
};

type Grid = number[][];

/** Returns the grid of a part at a step, on top of ripples of up to 2 % of `full`. */
export function partGrid(part: string, step: number, shape: MadeUpHeads, full = 1): Grid {
  const grid = Array.from(
    { length: shape.nLayers },
    (_, l) =>
      Array.from({ length: shape.nHeads }, (_, h) => full * 0.01 * (1 + Math.sin(7 * l + 13 * h))),
  );
  for (const [depth, head, middle, height] of PARTS[part]) {
    const layer = Math.floor(depth * shape.nLayers);
    const grown = step === 0 ? 0 : 1 / (1 + (middle / step) ** 2);
    grid[layer][head % shape.nHeads] += height * grown;
  }
  return grid;
}

const scaled = (grid: Grid, factor: number) => grid.map((row) => row.map((x) => factor * x));
const sum = (grid: Grid) => grid.flat().reduce((a, b) => a + b, 0);
const best = (grid: Grid) =>
  grid.flatMap((row, l) => row.map((x, h) => ({ head: headName([l, h]), x })))
    .reduce((a, b) => b.x > a.x ? b : a).head;

/** Returns the content of each file by its path below a results folder. */
export function madeUpResults(options: MadeUpHeads): Record<string, unknown> {
  const { model, nLayers, nHeads, steps } = options;
  const file = (format: string, entry: (step: number) => unknown, more: object = {}) => ({
    format: `circuits-over-time/${format}/1`,
    config: {},
    model,
    shape: { nLayers, nHeads },
    ...more,
    checkpoints: Object.fromEntries(steps.map((step) => [step, entry(step)])),
  });
  const grid = (part: string, step: number, full?: number) => partGrid(part, step, options, full);
  return {
    [`components/${model}/full_model_components_over_time.json`]: file(
      "full_model_components",
      (step) => ({
        tertiary_head_scores: {
          induction_scores: grid("induction", step),
          prev_token_scores: grid("previous", step),
          duplicate_token_scores: grid("duplicate", step),
        },
        copy_scores: grid("copy", step, 100),
        negative_copy_scores: scaled(grid("duplicate", step), 30),
        attention_to_names: {
          io: scaled(grid("copy", step, 100), 0.007),
          s1: grid("previous", step),
          s2: grid("duplicate", step),
        },
      }),
    ),
    [`components/${model}/successor_heads_over_time.json`]: file("successor_heads", (step) => ({
      corrected: grid("successor", step),
      compat: scaled(grid("successor", step), 0.9),
    })),
    [`cspa/${model}/all_checkpoints.json`]: file("cspa", (step) => ({
      scores: grid("suppression", step),
      kl_kept: scaled(grid("copy", step), 0.001),
      kl_ablated: scaled(grid("copy", step), 0.002),
    })),
    [`algorithmic_consistency/ioi/${model}.json`]: file("ioi_consistency", (step) => ({
      direct_effects: Math.min(100, step / 1000),
      s2i_effects: step > 1000 ? 60 : 0,
      tertiary_effects: step > 4000 ? 45 : 0,
      heads: {
        name_movers: [best(grid("copy", step))],
        negative_name_movers: [],
        copy_suppression: [best(grid("suppression", step))],
        negative_copy_suppression: [],
        s2_inhibition: step > 1000 ? ["a1.h2"] : [],
        induction: [],
        duplicate_token: [],
      },
      effects: {
        direct: scaled(grid("copy", step, 100), -0.005),
        s2i: step > 1000 ? scaled(grid("duplicate", step), -0.3) : null,
        tertiary: step > 4000 ? scaled(grid("induction", step), -0.2) : null,
      },
      cspa_from: "computed",
    })),
    [`backup/${model}/nmh_backup_metrics.json`]: file("self_repair", (step) => {
      const before = scaled(grid("copy", step, 100), 0.02);
      const delta = scaled(grid("induction", step), step > 1000 ? 0.4 : 0);
      const inside = 0.7 * sum(delta), outside = -0.2 * sum(delta);
      return {
        logit_diff: sum(before),
        ablated_logit_diff: 0.6 * sum(before),
        ablation_targets: step > 1000 ? [best(before)] : [],
        per_head_logit_diffs: before,
        per_head_ablated_logit_diffs: scaled(before, 0.6),
        per_head_logit_diff_delta: delta,
        in_circuit_head_delta: delta,
        outside_circuit_head_delta: delta,
        summed_in_circuit_head_delta: inside,
        summed_outside_circuit_head_delta: outside,
        summed_total_head_delta: inside + outside,
      };
    }),
    [`comp_swap/${model}/ioi.json`]: file("component_swaps", (target) => {
      const group = (height: number) => {
        const value = (step: number) => height / (1 + (3000 / (step + 1)) ** 2);
        const bySource = (of: (source: number) => number) =>
          Object.fromEntries(steps.map((source) => [source, of(source)]));
        const difference = (source: number) =>
          Math.min(value(source), value(target)) - 0.8 * value(target);
        return {
          baseline_val: value(target),
          swapped_val: bySource((source) => value(target) + difference(source)),
          difference: bySource(difference),
        };
      };
      return { whole_circuit: group(4), nmh: group(2), s2i: group(1) };
    }, { metric: "logit_diff" }),
  };
}

/** Writes the files below a results folder. */
export async function writeMadeUpHeads(folder: string, options = SOME_HEADS): Promise<void> {
  for (const [path, content] of Object.entries(madeUpResults(options))) {
    const file = join(folder, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, JSON.stringify(content, null, 1));
  }
}
