/**
 * Keeps shuffled blocks on the disk in float16, so that a later run on the same activations does not run the model.
 *
 *     {dir}/block_0.safetensors   input.0, target.0, input.1, …: `[rows, width]`, one pair per tap
 *
 * What is trained on is always the rounded values, whether a block was captured or read, so that both give the same bytes.
 * A block of other settings is captured again and replaced; so is one that is damaged or has another size.
 */
import { join } from "@std/path";
import { UserError } from "../../base/mod.ts";
import {
  openSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../tensor_files/mod.ts";
import type { BlockSource } from "./activation_batches.ts";
import { bytesPerRow, isSame, type Tap, type TapRows } from "./taps.ts";

/** Where blocks are kept, and whose they are. */
export interface CacheSettings {
  /** folder */
  dir: string;
  /** hook points */
  taps: readonly Tap[];
  /** everything that determines the rows: model, text, seed, order */
  identity: unknown;
  /** rows of all blocks together */
  rows: number;
  /** bytes that the folder may take */
  budget: number;
}

const FORMAT = "circuits-over-time/activations/1";

/**
 * Returns the same blocks, rounded to float16 and kept on the disk.
 * @throws UserError when all blocks together would take more than the budget.
 */
export function cached(source: BlockSource, settings: CacheSettings): BlockSource {
  const { dir, taps, rows, budget } = settings;
  const bytes = rows * bytesPerRow(taps, 2);
  if (bytes > budget) {
    throw new UserError(
      `cached activations would take ${
        (bytes / 1e9).toFixed(2)
      } GB in ${dir}, and cache_budget is ${
        budget / 1e9
      } GB; choose a larger cache_budget, fewer layers, fewer tokens or no cache_activations`,
      2,
    );
  }
  const metadata = { format: FORMAT, identity: JSON.stringify(settings.identity) };
  return {
    async fill(block, order, into) {
      const path = join(dir, `block_${block}.safetensors`);
      if (await read(path, metadata, taps, into)) return;
      await source.fill(block, order, into);
      const tensors = Object.fromEntries(
        [...named(taps, into)].map(({ name, data, shape, tap }) => {
          data.set(new Float16Array(data));
          if (!data.every(Number.isFinite)) {
            throw new UserError(
              `${name.split(".")[0]} of layer ${tap.layer} has values beyond float16's 65504; ` +
                "train without cache_activations",
            );
          }
          return [name, { dtype: "F16" as const, shape, data }];
        }),
      );
      await writeSafetensors(path, tensors, metadata);
    },
  };
}

/** Reads a block; returns whether it was there, whole and of these settings. */
async function read(
  path: string,
  expected: Record<string, string>,
  taps: readonly Tap[],
  into: readonly TapRows<ArrayBufferLike>[],
): Promise<boolean> {
  const header = await readSafetensorsHeader(path).catch(() => undefined);
  if (!header || header.metadata.format !== expected.format) return false;
  if (header.metadata.identity !== expected.identity) return false;
  const wanted = [...named(taps, into)];
  if (!wanted.every(({ name, shape }) => String(header.tensors.get(name)?.shape) === `${shape}`)) {
    return false;
  }
  const file = await openSafetensors(path);
  try {
    for (const { name, data, shape } of wanted) data.set(await file.read(name, shape));
    return true;
  } finally {
    file.close();
  }
}

/** Yields the arrays of a block, each once. */
function* named(taps: readonly Tap[], rows: readonly TapRows<ArrayBufferLike>[]) {
  for (const [i, tap] of taps.entries()) {
    const { x, y } = rows[i];
    const entry = (name: string, data: Float32Array, width: number) => ({
      name: `${name}.${i}`,
      data,
      shape: [data.length / width, width],
      tap,
    });
    yield entry("input", x, tap.dIn);
    if (!isSame(tap)) yield entry("target", y, tap.dOut);
  }
}
