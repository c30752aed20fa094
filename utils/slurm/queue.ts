/** The three commands of Slurm that a job needs: sbatch, squeue, scancel. */
import { UserError } from "../base/mod.ts";

/** A task that Slurm has in its queue. */
export interface Queued {
  /** array index; undefined for a job without an array */
  task?: number;
  /** e.g. PENDING, RUNNING, COMPLETING */
  state: string;
  /** time it has run, as Slurm writes it, e.g. 1:02:03 */
  elapsed: string;
  /** nodes it runs on, or in brackets the reason why it waits */
  where: string;
}

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

async function slurm(command: string, args: readonly string[]): Promise<Output> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new UserError(
      `there is no ${command} here; run this where Slurm's commands are, such as a login node, or see what ` +
        "would be submitted with --dry-run",
      1,
      { cause },
    );
  }
}

/** Submits a batch script; returns the job's number. @throws UserError with Slurm's words if it is refused. */
export async function submit(script: string, options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await slurm("sbatch", ["--parsable", ...options, script]);
  // "number" or "number;cluster"
  const id = stdout.trim().split(";")[0];
  if (code === 0 && /^\d+$/.test(id)) return id;
  throw new UserError(`sbatch refused ${script}: ${(stderr || stdout).trim()}`);
}

/** Returns what is queued of a job; nothing if Slurm no longer knows it. */
export async function queued(id: string): Promise<Queued[]> {
  const format = "--format=%K|%T|%M|%R";
  const { code, stdout, stderr } = await slurm("squeue", ["-h", "-r", `--jobs=${id}`, format]);
  if (code !== 0) {
    if (/invalid job id/i.test(stderr)) return [];
    throw new UserError(`squeue failed: ${stderr.trim()}`);
  }
  return stdout.trim().split("\n").filter((line) => line !== "").map((line) => {
    const [index, state, elapsed, ...where] = line.split("|");
    const task = /^\d+$/.test(index) ? { task: Number(index) } : {};
    return { ...task, state, elapsed, where: where.join("|") };
  });
}

/** Takes a job out of the queue, if it is there. */
export async function cancel(id: string): Promise<void> {
  await slurm("scancel", [id]);
}
