/**
 * Runs the model with the nodes outside a circuit ablated, many circuits in one batch:
 *
 *     MLP output' = ŷ − Σ_{features outside} (a − ablated)·W_dec + error, or the ablated error if the error is outside
 *
 *  1. Block by block, with the coder beside the MLP. A block adds its MLP's output to the stream last, so the change of that
 *     output is added to the stream after the block.
 *  2. Blocks above see the changed stream; features and errors are those of that run.
 *  3. Attention and embeddings are left as they are.
 *
 * The metric of a circuit is the mean over prompts.
 */
import { bucketBy } from "../../model/mod.ts";
import { type F32, repeatRows, tensor } from "../../onnx/mod.ts";
import { readoutRows } from "../../tasks/mod.ts";
import { coderHook, coderSplice } from "../../transcoders/mod.ts";
import { type FeatureTask, readTokens, type TaskValues } from "./task_values.ts";

/** Rows that run at once. */
const ROWS = 256;

/**
 * Returns the metric of every prompt with each circuit, `[circuits][N]`.
 * @param masks 1 for the nodes of a circuit, `[nodes]` each
 */
export async function circuitMetrics(
  task: FeatureTask,
  values: TaskValues,
  masks: readonly Uint8Array[],
): Promise<Float32Array[]> {
  const { model, prompts, readout } = task;
  const out = masks.map(() => new Float32Array(prompts.length));
  const constants = masks.map((mask) => ablatedOutputs(task, values, mask));
  for (const group of bucketBy(prompts, (p) => p.position, ROWS)) {
    const tokens = group.map((i) => readTokens(prompts[i].clean, prompts[i].position));
    const { residual: start } = await model.run(tokens, { to: 0 });
    const most = Math.max(1, Math.floor(ROWS / group.length));
    for (let from = 0; from < masks.length; from += most) {
      const some = masks.slice(from, from + most);
      let stream: F32 = repeatRows(start, some.length);
      for (const [layer, coder] of task.coders.entries()) {
        const hooks = [coderHook(coder.config, "hook_acts"), coderHook(coder.config, "hook_error")];
        const splices = [coderSplice(coder, "observe")];
        const run = { from: layer, to: layer + 1, splices, read: hooks };
        const result = await model.runBlocks(stream, run);
        const [acts, errors] = hooks.map((name) => result.hooks.get(name)!.data);
        const data = Float32Array.from(result.residual.data);
        const rows = group.flatMap((i) => [...values.roles[i]]);
        some.forEach((mask, m) => {
          const given = { mask, constant: constants[from + m][layer], acts, errors };
          ablate(task, values, layer, rows, m * rows.length, given, data);
        });
        stream = tensor(data, [...result.residual.shape]);
      }
      const repeated = some.flatMap(() => group);
      const { values: found } = await model.readout({
        residual: stream,
        positions: repeated.map((i) => prompts[i].position),
        readout: readoutRows(readout, repeated),
      });
      repeated.forEach((i, row) => {
        out[from + Math.floor(row / group.length)][i] = found.data[row] as number;
      });
    }
  }
  return out;
}

/** Returns per layer what the ablated features write, `[roles, d]`. */
function ablatedOutputs(
  { model, coders }: FeatureTask,
  { space, ablated }: TaskValues,
  mask: Uint8Array,
): Float32Array[] {
  const d = model.config.dModel;
  return coders.map(({ weights: { W_dec } }, layer) => {
    const made = new Float32Array(space.roles.length * d);
    for (let role = 0; role < space.roles.length; role++) {
      const first = space.index(layer, role, 0);
      for (let f = 0; f < space.features[layer]; f++) {
        const a = ablated[first + f];
        if (a === 0 || mask[first + f]) continue;
        for (let j = 0; j < d; j++) made[role * d + j] += a * W_dec.data[f * d + j];
      }
    }
    return made;
  });
}

/** Adds the change of an MLP's output to the rows of one circuit. */
function ablate(
  { model, coders }: FeatureTask,
  { space, ablatedErrors }: TaskValues,
  layer: number,
  roles: readonly number[],
  firstRow: number,
  given: { mask: Uint8Array; constant: Float32Array; acts: Float32Array; errors: Float32Array },
  out: Float32Array,
): void {
  const { mask, constant, acts, errors } = given;
  const d = model.config.dModel, F = space.features[layer];
  const { data: decoder } = coders[layer].weights.W_dec;
  roles.forEach((role, r) => {
    const first = space.index(layer, role, 0), row = firstRow + r, at = row * d;
    for (let j = 0; j < d; j++) out[at + j] += constant[role * d + j];
    for (let f = 0; f < F; f++) {
      const a = acts[row * F + f];
      if (a === 0 || mask[first + f]) continue;
      for (let j = 0; j < d; j++) out[at + j] -= a * decoder[f * d + j];
    }
    if (mask[first + F]) return;
    for (let j = 0; j < d; j++) {
      out[at + j] += ablatedErrors[layer][role * d + j] - errors[at + j];
    }
  });
}
