/** How far a job is: each task by the exit code that it left, or by what Slurm has in its queue. */
import { isFile } from "../base/mod.ts";
import { type Job, jobPaths, taskCount } from "./job.ts";
import { type Queued, queued } from "./queue.ts";

/** What became of a task. */
export type TaskStatus =
  | { kind: "done" }
  | { kind: "running" | "waiting"; queued: Queued }
  | { kind: "failed"; code: number }
  | { kind: "lost" };

/** What became of a job's tasks, and of the job that finishes it. */
export interface JobStatus {
  /** by array index */
  tasks: TaskStatus[];
  /** of the finishing job */
  finish: TaskStatus;
}

/** Returns how far a job is. */
export async function jobStatus(folder: string, job: Job): Promise<JobStatus> {
  const inQueue = new Map<number, Queued>();
  for (const { array } of job.submitted) {
    if (array === undefined) continue;
    for (const found of await queued(array)) {
      if (found.task !== undefined) inQueue.set(found.task, found);
    }
  }
  const last = job.submitted.at(-1);
  const [finish] = last ? await queued(last.finish) : [];
  const tasks = Array.from(
    { length: taskCount(job) },
    (_, task) => statusOf(exitCode(folder, task), inQueue.get(task)),
  );
  return { tasks, finish: statusOf(exitCode(folder, "finish"), finish) };
}

function statusOf(code: number | undefined, queued: Queued | undefined): TaskStatus {
  if (code === 0) return { kind: "done" };
  if (code !== undefined) return { kind: "failed", code };
  if (queued === undefined) return { kind: "lost" };
  return { kind: queued.state === "PENDING" ? "waiting" : "running", queued };
}

function exitCode(folder: string, task: number | "finish"): number | undefined {
  const path = jobPaths.exit(folder, task);
  if (!isFile(path)) return undefined;
  const text = Deno.readTextFileSync(path).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Returns the tasks that ended without success. */
export function brokenTasks({ tasks }: JobStatus): number[] {
  return tasks.flatMap(({ kind }, task) => kind === "failed" || kind === "lost" ? [task] : []);
}

/** Says in words how far a job is: a line of counts, a line for each task that runs or failed, what comes next. */
export function statusLines(folder: string, job: Job, status: JobStatus): string[] {
  const { tasks, finish } = status;
  const count = (kind: TaskStatus["kind"]) => tasks.filter((task) => task.kind === kind).length;
  const counts = (["done", "running", "waiting", "failed", "lost"] as const)
    .filter((kind) => count(kind) > 0).map((kind) => `${count(kind)} ${kind}`);
  const broken = brokenTasks(status);
  return [
    `${job.script}, ${job.runs.length === 1 ? "1 run" : `${job.runs.length} runs`}, ` +
    `${tasks.length} tasks: ${counts.join(", ")}`,
    ...tasks.flatMap((task, i) => {
      const name = `  task ${i} (shard ${i % job.shards + 1}/${job.shards} of ${
        job.runs[Math.floor(i / job.shards)].join(" ") || "the defaults"
      })`;
      const log = jobPaths.log(folder, i);
      if (task.kind === "running") {
        return [`${name} runs on ${task.queued.where}, ${task.queued.elapsed}`];
      }
      if (task.kind === "failed") return [`${name} failed, exit code ${task.code}; see ${log}`];
      if (task.kind === "lost") {
        return [`${name} ended without a word: killed, or out of time or memory; see ${log}`];
      }
      return [];
    }),
    finishLine(folder, finish, broken.length, tasks),
    ...(broken.length > 0 || ["failed", "lost"].includes(finish.kind) && tasks.every(isDone)
      ? [`run them again: deno run -A submit_slurm.ts --resubmit ${folder}`]
      : []),
  ];
}

const isDone = ({ kind }: TaskStatus) => kind === "done";

function finishLine(
  folder: string,
  finish: TaskStatus,
  broken: number,
  tasks: readonly TaskStatus[],
): string {
  const log = jobPaths.log(folder, "finish");
  switch (finish.kind) {
    case "done":
      return "finished: results are collected and compared";
    case "running":
      return `the finishing job runs on ${finish.queued.where}, ${finish.queued.elapsed}`;
    case "failed":
      return `the finishing job failed, exit code ${finish.code}; see ${log}`;
    case "waiting":
      return broken > 0
        ? "the finishing job will not start, since tasks failed"
        : "the finishing job waits for all tasks";
    case "lost":
      return broken > 0 || !tasks.every(isDone)
        ? "not finished: results are neither collected nor compared yet"
        : `the finishing job ended without a word; see ${log}`;
  }
}
