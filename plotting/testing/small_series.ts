/** Makes small head scores, and temporary folders, for tests of the head figures. */
import type { HeadSeries } from "../result_files/head_files.ts";
import { HEAD_MEASURES } from "../result_files/head_measures.ts";

/** Returns a score of a model with two layers of two heads. */
export function series(grids: (number[][] | null)[], name = "copy", steps?: number[]): HeadSeries {
  const measure = Object.values(HEAD_MEASURES).flat().find((m) => m.name === name)!;
  const shape = { nLayers: 2, nHeads: 2 };
  return { model: "m", measure, shape, steps: steps ?? grids.map((_, i) => i), grids };
}

/** Runs `use` in a temporary folder, then deletes the folder. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
