/**
 * The files of an earlier run of a task that `--overwrite` makes stale. A new run with fewer checkpoints would leave its
 * graphs and pictures among its own, and the scripts that read circuits would mix them.
 *
 * They are listed when the run starts and removed when its first result is there: a run that fails before loses nothing, and
 * what another process writes meanwhile stays.
 */
import { dirname, join } from "@std/path";
import { fileStamp, isFolder, withFolderLocked } from "../../base/mod.ts";
import type { ResultPaths } from "../../results/mod.ts";

/** A file as it was when the run started. */
export interface StaleFile {
  path: string;
  stamp: string | undefined;
}

/** Lists the files of a task; those that a run does not write, such as exported circuits, stay. */
export function filesOfTask(paths: ResultPaths, task: string): StaleFile[] {
  const byStep: [folder: string, name: RegExp][] = [
    [dirname(paths.graph(task, 0)), /^\d+\.(json|safetensors)$/],
    [dirname(paths.image(task, 0, "svg")), /^\d+\.(svg|png)$/],
    [dirname(paths.faithfulness(task, 0)), /^\d+\.json$/],
  ];
  return [
    // first, so that a run killed in between leaves no summary of what is gone
    ...[paths.summary(task), paths.transfer(task), paths.baselines(task)],
    ...[paths.inCircuitEdges(task), paths.explorer(task), paths.attention(task)],
    ...byStep.flatMap(([folder, name]) => namesIn(folder, name)),
  ].map((path) => ({ path, stamp: fileStamp(path) })).filter(({ stamp }) => stamp !== undefined);
}

function namesIn(folder: string, name: RegExp): string[] {
  if (!isFolder(folder)) return [];
  return [...Deno.readDirSync(folder)].filter((file) => file.isFile && name.test(file.name))
    .map((file) => join(folder, file.name));
}

/** Removes the files that nobody has written since. */
export function removeUnchanged(files: readonly StaleFile[]): void {
  if (files.length === 0) return;
  // the lock under which the summary, the first of them, is written
  withFolderLocked(dirname(files[0].path), () => {
    for (const { path, stamp } of files) {
      try {
        if (fileStamp(path) === stamp) Deno.removeSync(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  });
}
