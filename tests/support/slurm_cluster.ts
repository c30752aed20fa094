/**
 * A real Slurm on this machine: munged, slurmctld and slurmd, started for a test and stopped after it. Needs root and
 * Debian's packages slurm-wlm and munge.
 */
import { join } from "@std/path";
import { isFile } from "../../utils/base/mod.ts";

const MUNGED = "/usr/sbin/munged", CONTROLLER = "/usr/sbin/slurmctld", NODE = "/usr/sbin/slurmd";

/** Says what is missing; undefined if a cluster can be started. */
export function slurmMissing(): string | undefined {
  const lost = [MUNGED, CONTROLLER, NODE, "/usr/bin/sbatch"].find((path) => !isFile(path));
  if (lost !== undefined) return `there is no ${lost} (packages slurm-wlm and munge)`;
  return Deno.uid() === 0 ? undefined : "slurmd needs root";
}

async function call(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout).trim();
}

/** Returns a port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits until `ready` holds, and fails after five minutes with what `about` says. */
export async function waitFor(ready: () => Promise<boolean>, about: string): Promise<void> {
  const until = Date.now() + 300_000;
  while (!await ready().catch(() => false)) {
    if (Date.now() > until) throw new Error(`waited five minutes: ${about}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Ends the process whose number is in a file, and waits until it is gone. */
async function stop(pidFile: string): Promise<void> {
  if (!isFile(pidFile)) return;
  const pid = Number(Deno.readTextFileSync(pidFile));
  try {
    Deno.kill(pid, "SIGTERM");
  } catch {
    return;
  }
  for (let i = 0; i < 50 && isFile(`/proc/${pid}/stat`); i++) {
    await new Promise((done) => setTimeout(done, 100));
  }
  if (isFile(`/proc/${pid}/stat`)) Deno.kill(pid, "SIGKILL");
}

function configuration(folder: string, host: string, socket: string, cpus: number): string {
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${socket}
CryptoType=crypto/munge
SlurmctldPort=${freePort()}
SlurmdPort=${freePort()}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,defer
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket=${cpus} ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/**
 * Starts a cluster of one node, calls `use` with the environment in which Slurm's commands find it, and stops it.
 * @throws Error with the log of a daemon that does not start
 */
export async function withSlurm(
  use: (env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const host = Deno.hostname().split(".")[0];
  const socket = join(folder, "munge.socket");
  for (const name of ["state", "spool"]) await Deno.mkdir(join(folder, name));
  const key = join(folder, "munge.key");
  await Deno.writeFile(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o600 });
  const config = join(folder, "slurm.conf");
  await Deno.writeTextFile(
    config,
    configuration(folder, host, socket, navigator.hardwareConcurrency),
  );
  const files = ["slurmd.pid", "slurmctld.pid", "munged.pid"].map((name) => join(folder, name));
  const env = { SLURM_CONF: config };
  try {
    await call(
      MUNGED,
      ...["--force", `--key-file=${key}`, `--socket=${socket}`, `--pid-file=${files[2]}`],
      ...[`--log-file=${folder}/munged.log`, `--seed-file=${folder}/munged.seed`],
    );
    await call(CONTROLLER, "-f", config);
    await call(NODE, "-f", config);
    const state = () =>
      new Deno.Command("sinfo", { args: ["-h", "-o", "%T"], env }).output()
        .then(({ stdout }) => new TextDecoder().decode(stdout).trim());
    await waitFor(
      async () => await state() === "idle",
      `slurmctld.log and slurmd.log in ${folder}`,
    );
    await use(env);
  } finally {
    for (const file of files) await stop(file);
    await Deno.remove(folder, { recursive: true });
  }
}
