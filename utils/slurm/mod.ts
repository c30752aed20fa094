/** Jobs on a cluster that Slurm runs: an array over the shards of a script's runs, and a job that finishes them. */
export {
  arrayScript,
  finishScript,
  type Job,
  jobPaths,
  type JobSpec,
  type Place,
  readJob,
  taskCount,
  writeJob,
} from "./job.ts";
export { runsOf, variation } from "./runs.ts";
export type { Queued } from "./queue.ts";
export { quoted } from "./shell.ts";
export { brokenTasks, type JobStatus, jobStatus, statusLines, type TaskStatus } from "./status.ts";
export { arrayOptions, resubmitJob, submitJob } from "./submit.ts";
