/**
 * Interventions of a reference case (circuit-tracer's `feature_intervention`), made with our runs, one line per quantity of
 * `graphs.safetensors`:
 *
 *  {set}.interventions.base                     logits without an intervention, `[V]`
 *  {set}.interventions.{mode}.logits            after each list of interventions in `graphs.json`, `[lists, V]`
 *  {set}.interventions.{mode}.preactivations    of the last position, `[lists, L, F]`
 *
 * The modes are direct, frozen_attention and free. A set that the case has no coders of is left out, and so are quantities that
 * the file does not have.
 */
import { join } from "@std/path";
import { isFolder, readJson } from "../../base/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { openSafetensors } from "../../tensor_files/mod.ts";
import { openCoders } from "../../transcoders/mod.ts";
import { cleanPrompt, intervene, type Intervention } from "../../feature_circuits/mod.ts";
import { relativeError } from "../comparison.ts";
import type { GraphRow } from "./row.ts";

const MODES = ["direct", "frozen_attention", "free"] as const;
const SUFFIX = ".interventions";

/** Layer, position, feature, new value. */
type Setting = [number, number, number, number];

/** Yields the compared quantities of every set that the case in a folder has coders and interventions of. */
export async function* interventionRows(
  dir: string,
  model: HookedModel,
): AsyncGenerator<GraphRow> {
  const json = await readJson(join(dir, "graphs.json")) as Record<string, unknown>;
  const tokens = json.tokens as number[];
  const tensors = await openSafetensors(join(dir, "graphs.safetensors"));
  try {
    for (const [key, entries] of Object.entries(json)) {
      const set = key.slice(0, -SUFFIX.length);
      if (!key.endsWith(SUFFIX) || !isFolder(join(dir, "transcoders", set))) continue;
      const { coders } = await openCoders(join(dir, "transcoders", set));
      const clean = await cleanPrompt(model, coders, tokens);
      const lists = (entries as { set: Setting[] }[]).map(({ set }) =>
        set.map(([layer, position, feature, value]): Intervention => ({
          layer,
          position,
          feature,
          set: value,
        }))
      );
      const compared = async function* (name: string, ours: Float32Array) {
        const quantity = `${key}.${name}`;
        if (!tensors.names().includes(quantity)) return;
        const reference = await tensors.read(quantity);
        yield { quantity, error: relativeError(ours, reference), exact: false };
      };
      yield* compared("base", (await intervene(clean, [[]])).logits.data);
      for (const frozen of MODES) {
        const options = { frozen, preActivations: true };
        const { logits, preActivations } = await intervene(clean, lists, options);
        yield* compared(`${frozen}.logits`, logits.data);
        const last = lists.flatMap((_, row) =>
          preActivations!.flatMap(({ data, shape: [, n, F] }) =>
            Array.from(data.subarray((row * n + n - 1) * F, (row * n + n) * F))
          )
        );
        yield* compared(`${frozen}.preactivations`, Float32Array.from(last));
      }
    }
  } finally {
    tensors.close();
  }
}
