/** Checks the length of prompts against a model's number of positions. */
import type { ModelConfig } from "../config.ts";
import type { Runtime } from "../runtime.ts";

/**
 * Checks that a model has at least `length` positions. Learned positions have a hard limit. Rotary positions extrapolate
 * beyond training; for those it warns once per run.
 * @throws Error if the model has learned positions and `length` exceeds their number.
 */
export function checkPositions(length: number, config: ModelConfig, runtime: Runtime): void {
  const { architecture, maxPositions } = config;
  if (length <= maxPositions) return;
  const found = `the longest prompt has ${length} tokens`;
  if (architecture === "gpt2") {
    throw new Error(
      `${found}; expected at most ${maxPositions}, the positions of this model (n_positions in config.json)`,
    );
  }
  runtime.warnOnce(
    "positions",
    `${found}, more than the ${maxPositions} that this model was trained for (max_position_embeddings in ` +
      `config.json); what it makes of positions beyond them means little`,
  );
}
