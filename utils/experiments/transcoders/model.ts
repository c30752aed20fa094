/** The model of the settings, and the rows of text that its activations are taken from. */
import { UserError } from "../../base/mod.ts";
import { loadTokenizer, type Tokenizer } from "../../model/mod.ts";
import { KeptRows } from "../../transcoders/mod.ts";
import { ModelRef } from "../model_ref.ts";
import type { ModelSchedule, ModelSettings } from "../model_keys.ts";
import type { TranscoderSettings } from "./settings.ts";
import { type OpenText, openText } from "./text.ts";

/** Resolves the model and its checkpoints. */
export function modelOf(settings: TranscoderSettings): ModelRef {
  const { model, cache_dir, threads } = settings;
  const refOf = (schedule: ModelSchedule, custom: number[]) => {
    const keys: ModelSettings = {
      model,
      alt_model: null,
      ckpt_schedule: schedule,
      custom_schedule: custom,
      cache_dir,
      results_dir: "results",
      device: "cpu",
      threads,
      overwrite: false,
    };
    return new ModelRef(keys);
  };
  const { localSteps = [] } = refOf("main", []);
  const wanted = settings.ckpt_schedule.map((entry) =>
    entry === "last" && localSteps.length === 0 ? "main" : entry
  );
  if (wanted.includes("main")) {
    if (wanted.length === 1) return refOf("main", []);
    throw new UserError(
      `ckpt_schedule: ${settings.model} has one checkpoint here, "main", which does not go with others`,
      2,
    );
  }
  const steps = wanted.flatMap((entry) =>
    entry === "last"
      ? localSteps.slice(-1)
      : typeof entry === "number"
      ? [entry]
      : refOf(entry as ModelSchedule, []).steps()
  );
  return refOf("custom", steps);
}

/** Rows of text, and what they come from. */
export interface OpenRows {
  rows: KeptRows;
  /** the text */
  text: OpenText;
  /** tokenizer of the model */
  tokenizer: Tokenizer;
  /** ids whose positions are left out */
  excluded: readonly number[];
  /** Closes the text. */
  close(): void;
}

/**
 * Opens the text as rows of token positions.
 * @param folder a checkpoint of the model, for its tokenizer
 * @throws what `openText` does.
 */
export async function openRows(
  settings: TranscoderSettings,
  folder: string,
  workDir: string,
): Promise<OpenRows> {
  const tokenizer = await loadTokenizer(folder);
  const text = await openText(settings, tokenizer, workDir);
  const { eosId } = tokenizer;
  const excluded = settings.exclude_special_tokens && eosId !== undefined ? [eosId] : [];
  const rows = new KeptRows(text.stream, { excluded });
  return { rows, text, tokenizer, excluded, close: () => text.close() };
}
