/**
 * Runs a script on a cluster: a Slurm job array shares its checkpoints, and a last job collects and compares.
 *
 *   deno run -A submit_slurm.ts get_circuits_over_time configs/pythia-160m_ioi.json --array 20 --time 02:00:00
 *
 * Needs a file system that all nodes see. Each task takes one shard of one run; a task that failed runs again alone.
 */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { basename, join, resolve } from "@std/path";
import { isFile, UserError } from "./utils/base/mod.ts";
import {
  arrayOptions,
  arrayScript,
  finishScript,
  jobPaths,
  type JobSpec,
  jobStatus,
  readJob,
  resubmitJob,
  runsOf,
  statusLines,
  submitJob,
  taskCount,
  writeJob,
} from "./utils/slurm/mod.ts";
import type { Estimate } from "./utils/experiments/mod.ts";
import { tellUserErrors } from "./plotting/figures/mod.ts";

const EXAMPLES = `
Examples:
  deno run -A submit_slurm.ts get_circuits_over_time configs/pythia-160m_ioi.json --array 20 --time 02:00:00
  deno run -A submit_slurm.ts get_circuits_over_time configs/pythia-160m_ioi.json --array 20 --vary task=ioi,sva --dry-run
  deno run -A submit_slurm.ts train_transcoder configs/transcoders/pythia-nano.json --array 6 -- --ckpt-schedule suite
  deno run -A submit_slurm.ts --status results/slurm/get_circuits_over_time-pythia-160m_ioi
  deno run -A submit_slurm.ts --resubmit results/slurm/get_circuits_over_time-pythia-160m_ioi`;

/** Reads `20` or `20%5`: tasks for each run, and how many run at once. */
function arrayOf(text: string): { shards: number; atOnce?: number } {
  const [, shards, atOnce] = /^([1-9]\d{0,5})(?:%([1-9]\d{0,5}))?$/.exec(text) ?? [];
  if (shards === undefined) throw new InvalidArgumentError("Expected a number such as 20 or 20%5.");
  return { shards: Number(shards), ...(atOnce !== undefined && { atOnce: Number(atOnce) }) };
}

const collect = (text: string, before: string[] = []) => [...before, text];

/** Time and memory asked for are those of the estimate times these, for slower nodes and what the estimate misses. */
const TIME_FACTOR = 2, MEMORY_FACTOR = 1.5;

/** What a task needs, as Slurm writes it. */
interface Needs {
  time: string;
  mem: string;
}

/**
 * Returns what a task of the dearest run needs, by the script's own estimate; undefined if the script has none. A task is
 * the first shard, or the finishing job: what the whole run takes beyond its checkpoints.
 */
async function needsOf(spec: JobSpec, path: string, threads: string): Promise<Needs | undefined> {
  let seconds = 0, bytes = 0;
  for (const args of spec.runs) {
    const own = args.includes("--threads") ? [] : ["--threads", threads];
    const of = async (...shard: string[]): Promise<Estimate | undefined> => {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", path, ...args, ...own, ...shard, "--estimate", "--json"],
        stderr: "null",
      }).output();
      return code === 0 ? JSON.parse(new TextDecoder().decode(stdout)).estimate : undefined;
    };
    const [task, all] = [await of("--shard", `1/${spec.shards}`), await of()];
    if (!task || !all) return undefined;
    const finishing = all.seconds - all.checkpoints * task.seconds_per_checkpoint;
    seconds = Math.max(seconds, task.seconds, finishing);
    bytes = Math.max(bytes, task.memory_bytes, all.memory_bytes);
  }
  const minutes = Math.max(5, Math.ceil(TIME_FACTOR * seconds / 60));
  const two = (n: number) => String(n).padStart(2, "0");
  return {
    time: `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00`,
    mem: `${Math.ceil(MEMORY_FACTOR * bytes / 1e9)}G`,
  };
}

/** Has the script check each run's settings, so that a mistake is found before anything is queued. */
async function checkRuns({ script, runs }: JobSpec, path: string): Promise<void> {
  for (const args of runs) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", path, ...args, "--shard", "1/1", "--print-config"],
      stdout: "null",
    }).output();
    if (code === 0) continue;
    const text = new TextDecoder().decode(stderr).trim().replace(/^error: /, "");
    throw new UserError(
      /unknown option '--shard'/.test(text)
        ? `${script} cannot be shared: it has no --shard; scripts that measure checkpoint by checkpoint have one`
        : text,
      2,
    );
  }
}

const command = new Command()
  .name("deno run -A submit_slurm.ts")
  .description(
    "Submits a script as a Slurm job array over checkpoints, and a job that finishes it.",
  )
  .argument("[script]", "script, e.g. get_circuits_over_time")
  .argument(
    "[arguments...]",
    "configs, each a run of its own; after --, flags of the script for all",
  )
  .option("--array <n>", "tasks for each run; 20%5: at most five at once", arrayOf)
  .option("--vary <key=a,b>", "a run for each value of a key; repeat for all combinations", collect)
  .option("--partition <name>", "partition of the cluster")
  .option("--account <name>", "account to charge")
  .option(
    "--time <time>",
    "time limit of each task, as Slurm writes it, e.g. 02:00:00; default: twice the script's estimate",
  )
  .option("--mem <size>", "memory of each task, e.g. 8G; default: 1.5 times the script's estimate")
  .option("--cpus-per-task <n>", "cores of each task; the script uses as many threads", "1")
  .option(
    "--sbatch <option>",
    "any other option of sbatch, e.g. --sbatch=--constraint=avx512",
    collect,
  )
  .option("--folder <folder>", "folder of the job; default results/slurm/{script}-{config}")
  .option("--dry-run", "print both batch scripts and what would be submitted, and stop")
  .option("--status <folder>", "say how far a job is")
  .option("--resubmit <folder>", "run again the tasks of a job that failed or were killed")
  .addHelpText("after", EXAMPLES);

/** Prints what has been submitted. */
function tell(folder: string, tasks: number, ids: { array?: string; finish: string }): void {
  const array = ids.array === undefined ? "" : `array job ${ids.array}, ${tasks} tasks; `;
  console.log(`${array}finishing job ${ids.finish}`);
  console.log(`how far it is: deno run -A submit_slurm.ts --status ${folder}`);
}

if (import.meta.main) {
  // What follows a lone -- belongs to the script.
  const split = Deno.args.indexOf("--");
  const [own, flags] = split < 0
    ? [Deno.args, []]
    : [Deno.args.slice(0, split), Deno.args.slice(split + 1)];
  command.parse(own, { from: "user" });
  await tellUserErrors(async () => {
    const options = command.opts();
    const known = options.status ?? options.resubmit;
    if (known !== undefined) {
      const folder = resolve(known);
      const job = await readJob(folder);
      if (options.status !== undefined) {
        const status = await jobStatus(folder, job);
        for (const line of statusLines(folder, job, status)) console.log(line);
        return;
      }
      const { job: after, tasks } = await resubmitJob(folder, job);
      return tell(folder, tasks.length, after.submitted.at(-1)!);
    }

    const [name, ...configs] = command.args;
    if (name === undefined) throw new UserError("expected a script; --help shows examples", 2);
    if (options.array === undefined) {
      throw new UserError(
        "--array: expected the number of tasks that share a run, e.g. --array 20",
        2,
      );
    }
    const script = `${name.replace(/\.ts$/, "")}.ts`;
    const path = join(import.meta.dirname!, script);
    if (basename(script) !== script || !isFile(path)) {
      throw new UserError(`expected a script such as get_circuits_over_time, found ${name}`, 2);
    }
    const spec: JobSpec = {
      script,
      runs: runsOf(configs, options.vary ?? [], flags),
      shards: options.array.shards,
      ...(options.array.atOnce !== undefined && { at_once: options.array.atOnce }),
      options: [
        `--job-name=${name}`,
        `--cpus-per-task=${options.cpusPerTask}`,
        ...(["partition", "account", "time", "mem"] as const).flatMap((key) =>
          options[key] === undefined ? [] : [`--${key}=${options[key]}`]
        ),
        ...options.sbatch ?? [],
      ],
    };
    await checkRuns(spec, path);
    if (options.time === undefined || options.mem === undefined) {
      const needs = await needsOf(spec, path, options.cpusPerTask);
      for (const key of ["time", "mem"] as const) {
        if (options[key] !== undefined) continue;
        if (needs === undefined) {
          console.log(`--${key}: left to the cluster, since ${name} has no estimate here`);
          continue;
        }
        spec.options.splice(2, 0, `--${key}=${needs[key]}`);
        const factor = key === "time" ? TIME_FACTOR : MEMORY_FACTOR;
        console.log(
          `--${key}=${needs[key]}: ${factor} times the estimate of a task (--${key} sets another)`,
        );
      }
    }
    const stem = configs.map((config) => basename(config).replace(/\.[^.]+$/, "")).join("+");
    const folder = resolve(
      options.folder ?? join("results", "slurm", stem === "" ? name : `${name}-${stem}`),
    );
    const place = { script: path, cwd: Deno.cwd(), deno: Deno.execPath() };
    if (options.dryRun) {
      console.log(`${taskCount(spec)} tasks: sbatch ${arrayOptions(spec).join(" ")} \\`);
      console.log(`  ${jobPaths.array(folder)}\n\n${arrayScript(folder, spec, place)}`);
      console.log(`then ${jobPaths.finish(folder)}\n\n${finishScript(folder, spec, place)}`);
      return;
    }
    const job = await submitJob(folder, await writeJob(folder, spec, place));
    tell(folder, taskCount(job), job.submitted[0]);
  });
}
