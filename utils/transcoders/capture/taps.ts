/** What is captured: the input and the target of each coder to train, and how much memory that takes. */
import { UserError } from "../../base/mod.ts";
import type { CoderConfig } from "../coder.ts";

/** Hook points that are captured together: a coder's input and its target. */
export type Tap = Pick<
  CoderConfig,
  "layer" | "inputHook" | "outputHook" | "head" | "inputConvention" | "dIn" | "dOut"
>;

/** Rows of a tap. `Memory` is where they are; threads may share it. */
export interface TapRows<Memory extends ArrayBufferLike = ArrayBuffer> {
  /** inputs `[rows, d_in]` */
  x: Float32Array<Memory>;
  /** targets `[rows, d_out]`; the same array as `x` where a coder gives back what it reads */
  y: Float32Array<Memory>;
}

/** Whether a coder's target is its input. */
export const isSame = ({ inputHook, outputHook }: Tap): boolean => inputHook === outputHook;

/**
 * Returns the bytes that a row of all taps takes.
 * @param element bytes of a number: 4 in memory, 2 in float16
 */
export function bytesPerRow(taps: readonly Tap[], element = 4): number {
  return element * taps.reduce((sum, tap) => sum + tap.dIn + (isSame(tap) ? 0 : tap.dOut), 0);
}

/**
 * Returns arrays for a number of rows of each tap.
 * @param shared in memory that threads share
 */
export function emptyRows(
  taps: readonly Tap[],
  rows: number,
  shared = false,
): TapRows<ArrayBufferLike>[] {
  const array = (width: number) =>
    new Float32Array(
      shared ? new SharedArrayBuffer(4 * rows * width) : new ArrayBuffer(4 * rows * width),
    );
  return taps.map((tap) => {
    const x = array(tap.dIn);
    return { x, y: isSame(tap) ? x : array(tap.dOut) };
  });
}

/**
 * Returns the rows of a block: as many batches as fit the budget, spread evenly over the blocks that the run fills. There is
 * memory for two blocks, because the next one fills while one is used.
 * @param budget bytes
 * @param wanted rows, if the caller asks for a number; it is rounded up to whole batches
 * @throws UserError when one batch, or the number that is wanted, does not fit.
 */
export function blockRows(
  taps: readonly Tap[],
  { batch, steps, budget, wanted }: {
    batch: number;
    steps: number;
    budget: number;
    wanted?: number;
  },
): number {
  const each = 2 * bytesPerRow(taps);
  const fitting = Math.floor(budget / (batch * each));
  const most = Math.min(steps, wanted === undefined ? fitting : Math.ceil(wanted / batch));
  if (most < 1 || most > fitting) {
    const needed = Math.max(1, most) * batch;
    throw new UserError(
      `two buffers of ${needed.toLocaleString("en")} rows for ${taps.length} layer(s) take ` +
        `${(needed * each / 1e9).toFixed(3)} GB, and memory_budget is ${budget / 1e9} GB; ` +
        "choose a larger memory_budget, fewer layers or a smaller buffer",
      2,
    );
  }
  return Math.ceil(steps / Math.ceil(steps / most)) * batch;
}
