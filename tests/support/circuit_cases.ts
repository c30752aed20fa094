/** Small models and prompt pairs for the tests of attribution and circuit evaluation. */
import { assert } from "@std/assert";
import { ARCHITECTURES } from "./hook_checks.ts";
import { randomModel, randomTokens } from "./random_model.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import type { Readout } from "../../utils/model/blocks/embedding.ts";
import { HookedModel } from "../../utils/model/hooked_model.ts";
import { Runtime } from "../../utils/model/runtime.ts";
import type { PromptPair } from "../../utils/tasks/prompt_pair.ts";
import { readout, ReferenceCase } from "../../utils/verify/reference_case.ts";

export { ARCHITECTURES };

/** One thread: for models this small, handing work to a second thread takes longer than the work. */
export const runtime = new Runtime({ threads: 1 });

/** Returns a random model of two layers, three heads and width 12, for the engine and for the oracle. */
export function smallModel(config: ModelConfig, seed = 3) {
  const { source, weights } = randomModel(config, seed);
  return { config, weights, model: HookedModel.fromSource(source, { runtime }) };
}
export type SmallModel = ReturnType<typeof smallModel>;

/** Returns a prompt pair of these tokens, without answers. */
export function pair(clean: number[], corrupted: number[], position: number): PromptPair {
  return { cleanText: "", corruptedText: "", clean, corrupted, position, correct: [], wrong: [] };
}

/**
 * Returns pairs over 17 tokens: two of the same length, one that differs from token 2 on and one from token 3 on; one with
 * tokens after the read-out; one that differs from its first token on.
 */
export function smallPairs(): PromptPair[] {
  return [[5, 4, [2]], [5, 4, [3, 4]], [6, 3, [1, 2]], [4, 3, [0, 3]]].map(
    ([length, position, differs], i) => {
      const clean = randomTokens(length as number, 17, 11 * i);
      const at = differs as number[];
      const corrupted = clean.map((t, p) => at.includes(p) ? (t + 5 + p) % 17 : t);
      return pair(clean, corrupted, position as number);
    },
  );
}

/** Returns a difference of two logits, or of the probabilities of two groups, with other tokens for each prompt. */
export function smallReadout(n: number, kind: Readout["kind"] = "logits"): Readout {
  const flags = kind === "logits" ? [1, -1] : [1, 1, -1, -1, -1];
  const ids = Array.from({ length: n }, (_, i) => flags.map((_, j) => (5 * i + 3 * j + 2) % 17));
  return readout(kind, ids, ids.map(() => flags));
}

/** Opens a reference case, with its prompt pairs and its logit difference. */
export async function referenceCase(architecture: "neox" | "gpt2", own = runtime) {
  const dir = new URL(`../reference/${architecture}`, import.meta.url).pathname;
  const c = await ReferenceCase.open(dir, { runtime: own });
  const { clean, corrupted, positions } = c.prompts;
  const pairs = clean.map((tokens, n) => pair(tokens, corrupted[n], positions[n]));
  return { c, model: c.model, pairs, readout: c.readout("logit_diff") };
}

/** Fails unless all values agree within `tolerance` of the largest of `expected`. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "values",
): void {
  assert(
    found.length === expected.length,
    `${what}: expected ${expected.length} values, found ${found.length}`,
  );
  let scale = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  assert(scale > 0, `${what}: expected values other than 0 to compare with`);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(found[i] - expected[i]);
    assert(
      error <= tolerance * scale,
      `${what}: ${found[i]} at ${i}, expected ${expected[i]}; error ${
        error / scale
      } of the largest`,
    );
  }
}
