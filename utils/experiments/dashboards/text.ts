/** The text of dashboards: a file, or the validation split of the embedded corpus with its generator's labels. */
import type { DashboardText } from "../../feature_dashboards/mod.ts";
import { tokenBatches } from "../../text/mod.ts";
import { evaluationRows } from "../../transcoders/mod.ts";
import type { Experiment } from "../experiment.ts";
import type { DashboardSettings } from "./settings.ts";

/** Reads the text. @throws UserError if a file has too few rows; Error naming a file that cannot be read */
export async function dashboardText(
  { tokenizer, model }: Experiment,
  config: DashboardSettings,
): Promise<DashboardText> {
  const { batch, seed, text, text_tokens, include_eos, results_dir } = config;
  const { eosId } = tokenizer;
  const context = Math.min(config.context, model.maxPositions);
  const { rows: batches } = await evaluationRows({
    tokenizer,
    text,
    rows: config.rows,
    batch,
    context,
    tokens: text_tokens,
    fitTokens: 0,
    seed,
    cacheDir: `${results_dir}/tokens`,
    excluded: include_eos || eosId === undefined ? [] : [eosId],
  });
  if (text !== undefined) return { batches, eosId };
  const stream = tokenBatches({ tokenizer, seed, batch, context, split: "validation" });
  return { batches, eosId, labels: (step) => stream.labels(step) };
}

/** Returns the text of every token of a vocabulary. */
export function vocabularyOf({ tokenizer }: Experiment): string[] {
  return Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]));
}
