/**
 * Generates text under interventions, greedily:
 *
 *  1. Run the prompt with all interventions and what is frozen; keep keys and values.
 *  2. Take the most probable token, and run it alone after these keys and values, with the interventions at all positions and
 *     nothing frozen. Repeat.
 *
 * Freezing therefore holds for the prompt's positions only, as in circuit-tracer's `feature_intervention_generate`.
 */
import type { F32 } from "../../onnx/mod.ts";
import type { CleanPrompt } from "./clean_prompt.ts";
import { type Intervention, layerChanges } from "./change.ts";
import { type Frozen, runBlocksIntervened } from "./intervene.ts";

/** Options of {@link generateIntervened}. */
export interface GenerateOptions {
  /** number of tokens to generate; default 10 */
  tokens?: number;
  /** what stays as in the clean run at the prompt's positions; default: frozen_attention */
  frozen?: Exclude<Frozen, { replaced: unknown }>;
  /** token after which to stop */
  stop?: number;
}

/** Generated tokens. */
export interface Generated {
  /** token ids, the prompt not counted */
  tokens: number[];
  /** logits that each was chosen from, `[1, V]` */
  logits: F32[];
}

/**
 * Continues a prompt under interventions; see the header.
 * @throws RangeError if the tokens do not fit the model's positions. Error naming a layer, position or feature that there is not.
 */
export async function generateIntervened(
  clean: CleanPrompt,
  interventions: readonly Intervention[],
  { tokens: most = 10, frozen = "frozen_attention", stop }: GenerateOptions = {},
): Promise<Generated> {
  const { model, tokens: prompt } = clean, n = prompt.length;
  const { maxPositions } = model.config;
  if (!(Number.isInteger(most) && most >= 1 && n + most - 1 <= maxPositions)) {
    throw new RangeError(
      `${most} tokens after ${n}: expected from 1 to ${
        maxPositions - n + 1
      }, as the model has ${maxPositions} positions`,
    );
  }
  const tokens: number[] = [], logits: F32[] = [];
  let result = await runBlocksIntervened(clean, {
    embedded: clean.embedded,
    changes: layerChanges(clean, [interventions], { positions: n }),
    frozen,
    keysValues: true,
  });
  let past = result.past!;
  const changes = layerChanges(clean, [interventions], { positions: 1, everywhereOnly: true });
  while (true) {
    const token = result.logits.data.reduce((best, x, i, all) => x > all[best] ? i : best, 0);
    tokens.push(token);
    logits.push(result.logits);
    if (tokens.length === most || token === stop) return { tokens, logits };
    const { residual: embedded } = await model.run([[token]], { to: 0, past });
    const step = { embedded, changes, frozen: "free" as const, past, keysValues: true };
    result = await runBlocksIntervened(clean, step);
    const { layers } = result.past!;
    past = {
      length: past.length + 1,
      layers: layers.map(({ k, v }, l) => ({
        k: joinPositions(past.layers[l].k, k),
        v: joinPositions(past.layers[l].v, v),
      })),
    };
  }
}

/** Joins keys or values `[1, H, positions, d_head]` along their positions. */
function joinPositions(a: F32, b: F32): F32 {
  const [, H, n, e] = a.shape, m = b.shape[2], data = new Float32Array(H * (n + m) * e);
  for (let h = 0; h < H; h++) {
    data.set(a.data.subarray(h * n * e, (h + 1) * n * e), h * (n + m) * e);
    data.set(b.data.subarray(h * m * e, (h + 1) * m * e), (h * (n + m) + n) * e);
  }
  return { dtype: "float32", shape: [1, H, n + m, e], data };
}
