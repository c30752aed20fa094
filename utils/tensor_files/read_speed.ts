/** Measures what reading weights takes on this machine, for an estimate made before any weights are here. */
import { DTYPE_BYTES } from "./float16.ts";
import { readStoredTensor } from "./stored_tensor.ts";

/** Numbers that are read so that the code is compiled, and then for the measurement. */
const COUNTS = [1 << 20, 16 << 20];

/**
 * Reads numbers of two bytes from a file that is surely here, Deno's own, as tensors are read.
 * @param seconds starts a clock; what it returns gives the seconds so far
 * @returns seconds for one number
 */
export async function secondsPerNumber(seconds: () => () => number): Promise<number> {
  const file = Deno.execPath();
  const most = Math.floor((await Deno.stat(file)).size / DTYPE_BYTES.I16);
  let each = 0;
  for (const wanted of COUNTS) {
    const count = Math.min(wanted, most), stop = seconds();
    await readStoredTensor({
      ...{ name: "numbers", file, dtype: "I16", shape: [count], strides: [1], start: 0 },
    });
    each = stop() / count;
  }
  return each;
}
