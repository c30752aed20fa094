/**
 * A job: runs of one script, each shared among the same number of tasks, then one that finishes them all.
 *
 *     task t of the array   run ⌊t / shards⌋, shard t mod shards + 1
 *     finishing job         every run again without a shard: collects, compares, draws
 *
 * A job has a folder: `job.json`, the two batch scripts, a log for each task, and in `exit/` the exit code of each task
 * that ended. Nothing else says how a task ended: clusters without accounting forget their jobs.
 */
import { join } from "@std/path";
import { z } from "zod";
import { isFile, readJson, UserError, writeFileAtomic, writeJsonAtomic } from "../base/mod.ts";
import { quoted } from "./shell.ts";

/** Name and version of the layout of job.json. */
const FORMAT = "circuits-over-time/slurm-job/1";

const jobSchema = z.object({
  format: z.literal(FORMAT),
  /** file of the script, e.g. get_circuits_over_time.ts */
  script: z.string(),
  /** arguments of each run */
  runs: z.array(z.array(z.string())).min(1),
  /** tasks that share a run */
  shards: z.int().min(1),
  /** options of sbatch */
  options: z.array(z.string()),
  /** most tasks that run at once */
  at_once: z.int().min(1).optional(),
  /** what has been submitted, the first first */
  submitted: z.array(z.object({
    array: z.string().optional(),
    tasks: z.array(z.int().min(0)),
    finish: z.string(),
  })),
});

/** A job, as its file holds it. */
export type Job = z.output<typeof jobSchema>;

/** What a job is made of. */
export type JobSpec = Omit<Job, "format" | "submitted">;

/** Returns how many tasks a job's array has. */
export function taskCount({ runs, shards }: Pick<Job, "runs" | "shards">): number {
  return runs.length * shards;
}

/** Paths of a job's files. */
export const jobPaths = {
  job: (folder: string) => join(folder, "job.json"),
  array: (folder: string) => join(folder, "array.sh"),
  finish: (folder: string) => join(folder, "finish.sh"),
  log: (folder: string, task: number | "finish") =>
    join(folder, task === "finish" ? "finish.log" : `task_${task}.log`),
  exit: (folder: string, task: number | "finish") => join(folder, "exit", `${task}`),
};

/** Where tasks run. */
export interface Place {
  /** path of the script */
  script: string;
  /** the folder to run in */
  cwd: string;
  /** the Deno executable */
  deno: string;
}

/**
 * Writes the files of a new job.
 * @param folder absolute, on a file system that all nodes see
 * @throws UserError if the folder has a job
 */
export async function writeJob(folder: string, spec: JobSpec, place: Place): Promise<Job> {
  if (isFile(jobPaths.job(folder))) {
    throw new UserError(
      `${folder} has a job; --status and --resubmit take it, --folder chooses another place`,
      2,
    );
  }
  const job: Job = { format: FORMAT, ...spec, submitted: [] };
  await Deno.mkdir(join(folder, "exit"), { recursive: true });
  await writeFileAtomic(jobPaths.array(folder), arrayScript(folder, spec, place));
  await writeFileAtomic(jobPaths.finish(folder), finishScript(folder, spec, place));
  await writeJsonAtomic(jobPaths.job(folder), job);
  return job;
}

/** Writes job.json again. */
export async function updateJob(folder: string, job: Job): Promise<void> {
  await writeJsonAtomic(jobPaths.job(folder), job);
}

/** Reads a job. @throws UserError if the folder has none, or its file is damaged. */
export async function readJob(folder: string): Promise<Job> {
  const path = jobPaths.job(folder);
  const content = await readJson(path).catch((cause) => {
    throw new UserError((cause as Error).message, 1, { cause });
  });
  if (content === undefined) {
    throw new UserError(`expected the folder of a job, found no ${path}`, 2);
  }
  const parsed = jobSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [{ path: key, message }] = parsed.error.issues;
  throw new UserError(`${path}: ${key.join(".")}: ${message}`);
}

/** Returns the batch script of the array. */
export function arrayScript(folder: string, spec: JobSpec, place: Place): string {
  const { runs, shards, options } = spec;
  const threads = runs.some((args) => args.includes("--threads"))
    ? ""
    : ' --threads "${SLURM_CPUS_PER_TASK:-1}"';
  return [
    ...header([...options, `--output=${join(folder, "task_%a.log")}`, "--open-mode=append"]),
    ...atPlace(place),
    "task=$SLURM_ARRAY_TASK_ID",
    ...remembered(folder, '"$task"'),
    `case $((task / ${shards})) in`,
    ...runs.map((args, i) => `  ${i}) args=(${args.map(quoted).join(" ")}) ;;`),
    "esac",
    `shard=$((task % ${shards} + 1))/${shards}`,
    `${quoted(place.deno)} run -A ${quoted(place.script)} "\${args[@]}" --shard "$shard"${threads}`,
    "remember $?",
    "",
  ].join("\n");
}

/** Returns the batch script that finishes every run. */
export function finishScript(folder: string, spec: JobSpec, place: Place): string {
  const { runs, options } = spec;
  return [
    ...header([...options, `--output=${jobPaths.log(folder, "finish")}`, "--open-mode=append"]),
    ...atPlace(place),
    ...remembered(folder, "finish"),
    "worst=0",
    ...runs.map((args) =>
      `${quoted(place.deno)} run -A ${quoted(place.script)} ${
        args.map(quoted).join(" ")
      } || worst=$?`
    ),
    "remember $worst",
    "",
  ].join("\n");
}

function header(options: readonly string[]): string[] {
  return ["#!/usr/bin/env bash", ...options.map((option) => `#SBATCH ${option}`), "set -u"];
}

function atPlace({ cwd }: Place): string[] {
  return [`cd ${quoted(cwd)} || exit 1`];
}

/** Returns the lines of a function that notes an exit code, whole or not at all, and ends with it. */
function remembered(folder: string, name: string): string[] {
  return [
    `exit_file=${quoted(join(folder, "exit"))}/${name}`,
    'rm -f "$exit_file"',
    'remember() { echo "$1" > "$exit_file.tmp" && mv "$exit_file.tmp" "$exit_file"; exit "$1"; }',
  ];
}
