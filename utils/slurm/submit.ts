/** Submits a job: its array, and a job that finishes it when all tasks have succeeded. */
import { isFile, UserError } from "../base/mod.ts";
import { type Job, jobPaths, taskCount, updateJob } from "./job.ts";
import { cancel, submit } from "./queue.ts";
import { brokenTasks, jobStatus } from "./status.ts";

/** Options of sbatch for the array. */
export function arrayOptions(
  job: Pick<Job, "runs" | "shards" | "at_once">,
  tasks?: number[],
): string[] {
  const list = tasks?.join(",") ?? `0-${taskCount(job) - 1}`;
  return [`--array=${list}${job.at_once === undefined ? "" : `%${job.at_once}`}`];
}

/**
 * Submits all tasks of a job, or those named, and the job that finishes it.
 * @param before an array that may still run; the finishing job waits for its end, however it ends
 * @throws UserError with Slurm's words if it refuses.
 */
async function submitTasks(
  folder: string,
  job: Job,
  tasks: number[],
  before?: string,
): Promise<Job> {
  const array = tasks.length === 0
    ? undefined
    : await submit(jobPaths.array(folder), arrayOptions(job, tasks));
  const waits = [
    ...(before === undefined ? [] : [`afterany:${before}`]),
    ...(array === undefined ? [] : [`afterok:${array}`]),
  ];
  let finish: string;
  try {
    finish = await submit(jobPaths.finish(folder), [
      ...(waits.length > 0 ? [`--dependency=${waits.join(",")}`, "--kill-on-invalid-dep=yes"] : []),
    ]);
  } catch (error) {
    if (array !== undefined) await cancel(array);
    throw error;
  }
  const submitted = { ...(array !== undefined && { array }), tasks, finish };
  const after: Job = { ...job, submitted: [...job.submitted, submitted] };
  await updateJob(folder, after);
  return after;
}

/** Submits a new job. */
export function submitJob(folder: string, job: Job): Promise<Job> {
  return submitTasks(folder, job, Array.from({ length: taskCount(job) }, (_, i) => i));
}

/**
 * Submits again, alone, the tasks that failed or were killed; where all tasks are done, the finishing job.
 * @returns the job, and the tasks submitted
 * @throws UserError if there is nothing to run again.
 */
export async function resubmitJob(
  folder: string,
  job: Job,
): Promise<{ job: Job; tasks: number[] }> {
  const status = await jobStatus(folder, job);
  const tasks = brokenTasks(status);
  const ended = ["failed", "lost"].includes(status.finish.kind);
  if (tasks.length === 0 && !(ended && status.tasks.every(({ kind }) => kind === "done"))) {
    throw new UserError("no task failed; --status says how far the job is");
  }
  const last = job.submitted.at(-1);
  if (last) await cancel(last.finish);
  for (const task of [...tasks, "finish"] as const) {
    const path = jobPaths.exit(folder, task);
    if (isFile(path)) await Deno.remove(path);
  }
  return { job: await submitTasks(folder, job, tasks, last?.array), tasks };
}
