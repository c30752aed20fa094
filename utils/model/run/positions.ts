/** Checks the length of prompts against a model's number of positions. */
import type { ModelConfig } from "../config.ts";
import type { Runtime } from "../runtime.ts";

/** Memory and time grow with the square of the length; far beyond training the numbers mean nothing. */
const MOST_TIMES = 4;

/**
 * Checks that a model has at least `length` positions. Learned positions have a hard limit. Rotary positions extrapolate
 * beyond training; for those it warns once per run, up to four times their number.
 * @throws Error if `length` exceeds the number of learned positions, or four times that of rotary ones.
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
  if (length > MOST_TIMES * maxPositions) {
    throw new Error(
      `${found}; expected at most ${
        MOST_TIMES * maxPositions
      }, ${MOST_TIMES} times the ${maxPositions} that this ` +
        `model was trained for (max_position_embeddings in config.json)`,
    );
  }
  runtime.warnOnce(
    "positions",
    `${found}, more than the ${maxPositions} that this model was trained for (max_position_embeddings in ` +
      `config.json); what it makes of positions beyond them means little`,
  );
}
