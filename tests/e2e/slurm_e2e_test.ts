/**
 * `submit_slurm.ts` on a real Slurm of one node: an array with a task killed, its status, its resubmission. The oracle is the
 * script's run in one process, byte for byte. Skipped, with the reason, where Slurm is not installed.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { isFile } from "../../utils/base/mod.ts";
import { digestsBelow } from "../support/digests.ts";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import { slurmMissing, waitFor, withSlurm } from "../support/slurm_cluster.ts";

const SETTINGS = [
  ...["--custom-schedule", "0,256,512,1024,1536,2048,4096,6144", "--n-prompts", "8"],
  ...["--ig-steps", "2", "--start", "20", "--end", "60", "--step", "20", "--no-pictures"],
];
const SCRIPT = "get_circuits_over_time";
const KILLED = 3;

const missing = slurmMissing();
if (missing !== undefined) console.log(`the test with Slurm is skipped: ${missing}`);

Deno.test({
  name: "an array of 8 tasks, one killed and submitted again, leaves the bytes of one run",
  ignore: missing !== undefined,
  fn: () =>
    inFolder((folder) =>
      withSlurm(async (env) => {
        Deno.env.set("SLURM_CONF", env.SLURM_CONF);
        const [whole, parts, job] = ["whole", "parts", "job"].map((name) => join(folder, name));
        const submitted = await run(
          "submit_slurm",
          ...[SCRIPT, "--array", "8", "--folder", job, "--time", "5", "--mem", "100M"],
          ...["--", ...SETTINGS, "--results-dir", parts],
        );
        assertEquals(submitted.code, 0, submitted.stderr);
        const [, array] = submitted.stdout.match(/array job (\d+), 8 tasks; finishing job \d+/)!;

        const log = () => Deno.readTextFile(join(job, `task_${KILLED}.log`)).catch(() => "");
        const queue = async (format: string) => {
          const args = ["-h", "-r", `--jobs=${array}`, `--format=${format}`];
          const { stdout } = await new Deno.Command("squeue", { args }).output();
          return new TextDecoder().decode(stdout).trim().split("\n");
        };
        await waitFor(
          async () => (await queue("%K %T")).includes(`${KILLED} RUNNING`),
          `task ${KILLED} runs`,
        );
        await new Deno.Command("scancel", { args: ["-s", "KILL", "--full", `${array}_${KILLED}`] })
          .output();
        const during = await run("submit_slurm", "--status", job);
        assertMatch(during.stdout, /task \d \(shard \d\/8 of .*\) runs on \S+, \d+:\d\d/);
        await waitFor(async () => (await queue("%K")).join("") === "", "the array ends");
        const broken = await run("submit_slurm", "--status", job);
        assertMatch(broken.stdout, /8 tasks: 7 done, 1 lost/);
        assertMatch(broken.stdout, /task 3 \(shard 4\/8 of .*\) ended without a word: killed/);
        assertStringIncludes(broken.stdout, `--resubmit ${job}`);
        assertEquals(isFile(join(job, "exit", "finish")), false);
        assertEquals((await log()).includes("shard 4/8"), false);

        const again = await run("submit_slurm", "--resubmit", job);
        assertMatch(again.stdout, /array job \d+, 1 tasks; finishing job \d+/);
        await waitFor(
          async () => (await run("submit_slurm", "--status", job)).stdout.includes("\nfinished:"),
          "the job is finished",
        );
        const nothing = await run("submit_slurm", "--resubmit", job);
        assertOneLine(nothing, 1, /no task failed/);

        const serial = await run(SCRIPT, ...SETTINGS, "--results-dir", whole);
        assertEquals(serial.code, 0, serial.stderr);
        assertEquals(await digestsBelow(parts), await digestsBelow(whole));
      })
    ),
});

Deno.test("a job that cannot be is refused in one line, and nothing is written", () =>
  inFolder(async (folder) => {
    const job = join(folder, "job");
    const of = (...args: string[]) => run("submit_slurm", "--folder", job, ...args);
    assertOneLine(await of(SCRIPT), 2, /--array: expected the number of tasks/);
    assertOneLine(await of("get_circuit", "--array", "2"), 2, /expected a script such as/);
    assertOneLine(await of("serve", "--array", "2"), 2, /serve\.ts cannot be shared/);
    const wrong = await of(SCRIPT, "--array", "2", "--", "--n-prompts", "none");
    assertOneLine(wrong, 2, /n-prompts/);
    assertOneLine(
      await of(SCRIPT, "--array", "2", "--vary", "task"),
      2,
      /expected key=value,value/,
    );
    assertOneLine(
      await run("submit_slurm", "--status", job),
      2,
      /expected the folder of a job, found no .*job\.json/,
    );
    assertEquals(isFile(join(job, "job.json")), false);
  }));
