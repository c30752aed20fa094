/**
 * The state of a training run on disk, so that a run that was stopped goes on to the same weights: a safetensors file of
 * weights and both moments in float32, with step and settings in its metadata. Written at once or not at all.
 */
import { UserError } from "../base/user_error.ts";
import { isFile } from "../base/files.ts";
import {
  openSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../model/files/safetensors.ts";
import type { TrainingState } from "./trainer.ts";

const FORMAT = "circuits-over-time/training-state/1";

/** Writes the state. @param settings what determines the run; compared when it is read */
export async function writeState(path: string, state: TrainingState, settings: unknown) {
  const { step, weights, m, v } = state;
  const entry = (data: Float32Array) => ({ dtype: "F32" as const, shape: [data.length], data });
  const metadata = { format: FORMAT, step: String(step), settings: JSON.stringify(settings) };
  const tensors = { weights: entry(weights), m: entry(m), v: entry(v) };
  await writeSafetensors(path, tensors, metadata);
}

/**
 * Reads a state; undefined when there is none.
 * @throws UserError naming the file when it is damaged or belongs to other settings.
 */
export async function readState(
  path: string,
  settings: unknown,
  size: number,
): Promise<TrainingState | undefined> {
  if (!isFile(path)) return undefined;
  const mend = "start anew with --overwrite, or choose another work_dir";
  const damaged = (cause: unknown) => {
    throw new UserError(`${(cause as Error).message}; ${mend}`, 1, { cause });
  };
  const { metadata } = await readSafetensorsHeader(path).catch(damaged);
  if (metadata.format !== FORMAT || !/^\d+$/.test(metadata.step ?? "")) {
    throw new UserError(`${path} is not the state of a training run; ${mend}`);
  }
  if (metadata.settings !== JSON.stringify(settings)) {
    throw new UserError(`${path} was made with other settings: ${metadata.settings}; ${mend}`);
  }
  const file = await openSafetensors(path).catch(damaged);
  try {
    const read = async (name: string) =>
      Float32Array.from(await file.read(name, [size]).catch(damaged));
    return {
      step: Number(metadata.step),
      weights: await read("weights"),
      m: await read("m"),
      v: await read("v"),
    };
  } finally {
    file.close();
  }
}
