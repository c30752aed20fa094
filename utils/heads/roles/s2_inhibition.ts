/**
 * Finds S2-inhibition heads: heads that act on the queries of name movers so that these do not attend to the subject
 * (Wang et al. 2022, experiments on token and position signal; the paper's `evaluate_s2i_candidates`).
 *
 *  1. Six flips of the prompts change what S2 repeats: the token (same, other, opposite name) and the position (that
 *     of the first or the second name). The flip that changes nothing is the baseline.
 *  2. For each flip, path-patch each candidate into the queries of all name movers at END. Record the logit difference
 *     and the name movers' attention from END to IO, S1 and S2, as means over prompts (and name movers).
 *  3. Compute the change relative to the baseline: δ = (mean − mean₀)/mean₀.
 *  4. A candidate is an S2-inhibition head if flipping only the position signal makes δ of the logit difference and of
 *     the attention to IO negative, and δ of the attention to S1 positive.
 *
 * Everything happens at END, so only that position is run.
 */
import { mean } from "../../base/mod.ts";
import type { HookedModel, Readout } from "../../model/mod.ts";
import { IOI_FLIPS, type IoiFlipName, type PromptPair } from "../../tasks/mod.ts";
import { cleanRun, corruptedHeads, pathPatch } from "../patching/mod.ts";
import type { Head } from "../head.ts";

/** Names of all flips. */
export const FLIPS = Object.keys(IOI_FLIPS) as IoiFlipName[];
/** Names of the flips whose changes are reported. */
export const SIGNAL_FLIPS = [
  "token_same_pos_oppo",
  "token_oppo_pos_same",
  "token_oppo_pos_oppo",
] as const satisfies readonly IoiFlipName[];

/** Names of the quantities that are measured. */
export const S2I_QUANTITIES = [
  "logit_diff",
  "io_attention",
  "s1_attention",
  "s2_attention",
] as const;
/** Names a quantity that is measured. */
export type S2IQuantity = typeof S2I_QUANTITIES[number];

/** Maps each quantity to its mean, or its relative change, per candidate. */
export type S2ITable = Record<S2IQuantity, number[]>;

/** Holds the results of all candidates. */
export interface S2Inhibition {
  /** Tested heads; the tables have one entry each. */
  candidates: Head[];
  /** Means per flip. */
  means: Record<IoiFlipName, S2ITable>;
  /** Relative changes per flip. */
  changes: Record<IoiFlipName, S2ITable>;
  /** Candidates that are S2-inhibition heads. */
  heads: Head[];
}

/**
 * Tests candidates. Without name movers or candidates the tables are empty and no head passes.
 * @param prompts per flip, pairs with its corrupted prompts, on the same clean prompts with marks IO, S1 and S2
 * @param readout logit of IO minus logit of S, at END
 * @throws Error naming a prompt and the mark that it lacks
 */
export async function s2Inhibition(
  model: HookedModel,
  prompts: Record<IoiFlipName, readonly PromptPair[]>,
  readout: Readout,
  nameMovers: readonly Head[],
  candidates: readonly Head[],
): Promise<S2Inhibition> {
  const empty = nameMovers.length === 0 || candidates.length === 0;
  const senders = empty ? [] : [...candidates];
  const means = {} as Record<IoiFlipName, S2ITable>;
  if (empty) {
    for (const flip of FLIPS) means[flip] = tableOf(() => []);
  } else {
    const pairs = prompts.token_same_pos_same;
    const positions = pairs.map((pair, n) => nameMarks(pair, n));
    const clean = await cleanRun(model, pairs, "readout");
    const watch = { heads: nameMovers, positions };
    const receivers = { letter: "q" as const, heads: nameMovers };
    for (const flip of FLIPS) {
      const switched = flip === "token_same_pos_same"
        ? clean.layers.map(({ z }) => z)
        : await corruptedHeads(model, clean, prompts[flip]);
      const { values, attention } = await pathPatch(model, clean, switched, receivers, readout, {
        senders,
        watch,
      });
      means[flip] = meansOf(values, attention!, senders.length, pairs.length);
    }
  }
  const changes = {} as Record<IoiFlipName, S2ITable>;
  const baseline = means.token_same_pos_same;
  for (const flip of FLIPS) {
    changes[flip] = tableOf((q) => means[flip][q].map((m, i) => relative(m, baseline[q][i])));
  }
  const { logit_diff, io_attention, s1_attention } = changes.token_same_pos_oppo;
  const heads = senders.filter((_, i) =>
    logit_diff[i] < 0 && io_attention[i] < 0 && s1_attention[i] > 0
  );
  return { candidates: senders, means, changes, heads };
}

function nameMarks({ marks }: PromptPair, n: number): number[] {
  return ["IO", "S1", "S2"].map((name) => {
    const at = marks?.[name];
    if (at === undefined) throw new Error(`S2 inhibition: prompt ${n} has no mark ${name}`);
    return at;
  });
}

/** Averages over prompts, and attention `[senders, name movers, prompts, 3]` also over name movers. */
function meansOf(
  values: Float32Array,
  attention: Float32Array,
  senders: number,
  prompts: number,
): S2ITable {
  const size = attention.length / senders;
  return tableOf((_, q) =>
    Array.from({ length: senders }, (_, s) => {
      if (q === 0) return mean(values.subarray(s * prompts, (s + 1) * prompts));
      const own = attention.subarray(s * size, (s + 1) * size);
      return mean(own.filter((_, i) => i % 3 === q - 1));
    })
  );
}

function tableOf(column: (quantity: S2IQuantity, index: number) => number[]): S2ITable {
  return Object.fromEntries(S2I_QUANTITIES.map((q, i) => [q, column(q, i)])) as S2ITable;
}

const relative = (value: number, base: number): number => base === 0 ? 0 : (value - base) / base;
