/** The files of the behaviour experiment, `results/task_performance/{model}.json`, as figure 1 reads them. */
import { join } from "@std/path";
import { UserError } from "../../utils/base/user_error.ts";

export interface Performance {
  mean: number;
  /** standard error */
  se: number;
  /** 95 % interval */
  interval: [number, number];
}

export interface TaskPerformance {
  format: "circuits-over-time/task-performance/1";
  model: string;
  /** task → metric → step → value */
  tasks: Record<string, Record<string, Record<string, Performance>>>;
}

/** Reads the given files, and all .json files directly inside given folders. */
export async function readPerformances(paths: string[]): Promise<TaskPerformance[]> {
  const files: string[] = [];
  for (const path of paths) {
    const info = await Deno.stat(path).catch(() => {
      throw new UserError(`expected a task-performance file or a folder of them, found no ${path}`);
    });
    if (!info.isDirectory) files.push(path);
    else {
      for await (const entry of Deno.readDir(path)) {
        if (entry.isFile && entry.name.endsWith(".json")) files.push(join(path, entry.name));
      }
    }
  }
  if (files.length === 0) {
    throw new UserError(`no .json file in ${paths.join(", ")}; run get_task_performance.ts first`);
  }
  return await Promise.all([...new Set(files)].sort().map(readPerformance));
}

async function readPerformance(file: string): Promise<TaskPerformance> {
  let value: Partial<TaskPerformance> | null;
  try {
    value = JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`);
  }
  if (value?.format !== "circuits-over-time/task-performance/1") {
    throw new UserError(
      `${file}: expected format "circuits-over-time/task-performance/1", ` +
        `found ${JSON.stringify(value?.format)}`,
    );
  }
  return value as TaskPerformance;
}
