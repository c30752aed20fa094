/**
 * The frame of every experiment script: settings, help, errors, interruption.
 *
 * 1. Parse the command line (`--json`, `--quiet`: `output.ts`), read the config file, and check both against the schema (exit code 2, one line per mistake).
 * 2. Run the experiment; it returns the exit code.
 * 3. Print an error as one line on stderr, exit code 1. Show its stack trace with `--debug`, and always if it can only be
 *    a bug.
 * 4. On Ctrl-C or SIGTERM, say how to continue, exit code 130. Files are written in one synchronous step (`files.ts`), so
 *    an interruption never leaves half a file.
 */
import { resolve, toFileUrl } from "@std/path";
import type { z } from "zod";
import { readConfigFile, resolveConfig } from "./config.ts";
import type { ConfigSchema } from "./config_schema.ts";
import { type CommandLine, parseCommandLine, type ScriptDescription } from "./flags.ts";
import { openBrowser } from "./open_browser.ts";
import { finishOutput, startOutput } from "./output.ts";
import { clearProgress } from "./progress.ts";
import { hasColors, styled } from "./terminal.ts";
import { UserError } from "../base/mod.ts";
import about from "../../deno.json" with { type: "json" };

export type { ScriptDescription } from "./flags.ts";
export { UserError } from "../base/mod.ts";

/** What a script gets in addition to its settings. */
export interface ScriptContext {
  /** path of the config file, as the user typed it */
  configFile?: string;
  /** Says which page the run has made, for `--open`. */
  made(page: string): void;
  /** Calls `action` when an interruption or an error stops the run; it must be synchronous and quick. */
  onStop(action: () => void): void;
}

/**
 * Runs a script and ends the process.
 *
 * ```ts ignore
 * if (import.meta.main) {
 *   await runScript({ name, description, examples, schema }, async (config) => { … });
 * }
 * ```
 * @param main the experiment; returns its exit code (nothing = 0)
 */
export async function runScript<S extends ConfigSchema>(
  script: ScriptDescription<S> & { args?: readonly string[] },
  main: (config: z.output<S>, context: ScriptContext) => Promise<number | void> | number | void,
): Promise<never> {
  let commandLine: CommandLine | undefined;
  const atStop: (() => void)[] = [];
  let settings: unknown;
  const finish = (exit_code: number, errors: string[] = []): never => {
    const { version } = about;
    finishOutput({ script: script.name, version, settings, exit_code, errors });
    Deno.exit(exit_code);
  };
  const interrupted = () => {
    for (const action of atStop) action();
    clearProgress();
    console.error("\nInterrupted. The same command continues where this run stopped.");
    Deno.exit(130);
  };
  try {
    commandLine = parseCommandLine(script, script.args ?? Deno.args);
    if (commandLine.help !== undefined) {
      console.log(commandLine.help.trimEnd());
      Deno.exit(0);
    }
    const { configFile, flags, output } = commandLine;
    if (commandLine.version) {
      console.log(`${about.name} ${about.version}`);
      Deno.exit(0);
    }
    if (!commandLine.printConfig) startOutput(output);
    const file = configFile === undefined
      ? undefined
      : { path: configFile, values: readConfigFile(configFile) };
    const config = resolveConfig(script.schema, { file, flags }, script.name);
    if (commandLine.printConfig) {
      console.log(JSON.stringify(config, null, 2));
      Deno.exit(0);
    }
    settings = config;
    Deno.addSignalListener("SIGINT", interrupted);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupted);
    let page: string | undefined;
    const exitCode = await main(config, {
      configFile,
      made: (path) => page = path,
      onStop: (action) => atStop.push(action),
    });
    if (commandLine.open && page !== undefined) {
      await openBrowser(toFileUrl(resolve(page)).href);
    }
    finish(exitCode ?? 0);
  } catch (error) {
    for (const action of atStop) action();
    clearProgress();
    console.error(describeError(error, commandLine?.debug ?? false));
    const message = error instanceof Error ? error.message : String(error);
    finish(error instanceof UserError ? error.exitCode : 1, message.split("\n"));
  }
  throw new Error("not reached");
}

/** Returns one line per mistake; with the stack trace for `debug` and for bugs. */
function describeError(error: unknown, debug: boolean): string {
  const label = styled("error", "red", hasColors(Deno.stderr));
  if (!(error instanceof Error)) return `${label}: ${String(error)}`;
  const defect = error instanceof TypeError || error instanceof ReferenceError;
  const lines = error.message.split("\n").map((line) => `${label}: ${line}`);
  if (debug || defect) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      lines.push(`${cause.stack}`);
    }
  }
  return lines.join("\n");
}
