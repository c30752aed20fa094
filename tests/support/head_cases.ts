/** Small models and uneven prompt pairs for the tests of patching. */
import { fromFileUrl } from "@std/path";
import { HookedModel, type ModelOptions } from "../../utils/model/hooked_model.ts";
import { Runtime } from "../../utils/model/runtime.ts";
import { PythonRandom } from "../../utils/base/python_random.ts";
import type { Readout } from "../../utils/model/blocks/embedding.ts";
import type { PatchPrompt } from "../../utils/heads/patching/clean_run.ts";

export const ARCHITECTURES = ["neox", "gpt2"] as const;
export type Architecture = typeof ARCHITECTURES[number];

/** One thread: for models this small, handing work to a second thread takes longer than the work. */
const runtime = new Runtime({ threads: 1 });

/** Returns the folder of a reference case. */
export const referenceFolder = (architecture: Architecture): string =>
  fromFileUrl(new URL(`../reference/${architecture}`, import.meta.url));

/** Loads the reference checkpoint: 3 layers of 4 heads, 96 tokens. */
export const referenceModel = (
  architecture: Architecture,
  options: ModelOptions = {},
): Promise<HookedModel> =>
  HookedModel.load(`${referenceFolder(architecture)}/model`, { runtime, ...options });

/** Returns pairs of different lengths, read-outs and first differences; the last differs only after its read-out. */
export function unevenPairs(): PatchPrompt[] {
  const random = new PythonRandom(7);
  const tokens = (n: number) => Array.from({ length: n }, () => random.randbelow(96));
  return [[9, 7, 3], [6, 5, 0], [9, 7, 5], [8, 7, 3], [9, 7, 3], [7, 5, 6]].map(
    ([length, position, differs]) => {
      const clean = tokens(length);
      const corrupted = clean.with(differs, (clean[differs] + 17) % 96);
      return { clean, corrupted, position };
    },
  );
}

/** Returns a difference of two logits, with other tokens for each prompt. */
export function logitDifference(n: number): Readout {
  const ids = Int32Array.from({ length: 2 * n }, (_, i) => (i * 29 + 3) % 96);
  return {
    kind: "logits",
    ids,
    weights: Float32Array.from(ids, (_, i) => 1 - 2 * (i % 2)),
    width: 2,
  };
}
