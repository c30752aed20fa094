/** Runs the project's scripts as a user does, for tests: from the root, in their own process, without colours. */
import { assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** How a script ended. */
export interface ScriptEnd {
  /** exit code */
  code: number;
  /** all of its output */
  stdout: string;
  /** all of its error output */
  stderr: string;
}

/** Starts `{script}.ts`, e.g. "get_model_cspa" or "plotting/figure_2". */
function start(script: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${script}.ts`, ...args],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/** Runs a script to its end. */
export async function run(script: string, ...args: string[]): Promise<ScriptEnd> {
  const { code, stdout, stderr } = await start(script, args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/**
 * Kills a script (SIGKILL) when it reports its first checkpoint, and runs it again to the end.
 * Asserts that the second run resumes from the first and succeeds.
 */
export async function runKilledAndAgain(script: string, ...args: string[]): Promise<ScriptEnd> {
  const killed = start(script, args);
  const reader = killed.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let stdout = "";
  while (!stdout.includes("step ")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${script} ended before its first checkpoint: ${stdout}`);
    stdout += value;
  }
  killed.kill("SIGKILL");
  await killed.stderr.cancel();
  await reader.cancel();
  await killed.status;
  const again = await run(script, ...args);
  assertEquals(again.code, 0, again.stderr);
  assertMatch(again.stdout, /[1-9]\d* of \d+ checkpoints have results already/);
  return again;
}

/** Asserts that a script ended with this exit code and one line on stderr that matches. */
export function assertOneLine(end: ScriptEnd, code: number, message: RegExp): void {
  assertEquals(end.code, code, end.stderr);
  assertMatch(end.stderr, message);
  assertEquals(end.stderr.trim().split("\n").length, 1, end.stderr);
}

/** Calls `use` with a temporary folder and removes the folder afterwards. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
