/**
 * The command line of a script, derived from its config schema. The argument is the config file, and every key is a flag:
 * `ig_steps` → `--ig-steps 30`, booleans as `--verify` / `--no-verify`, lists repeated or separated by commas.
 */
import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import { allowedValues, type JsonSchema, typesOf, UserError } from "../base/mod.ts";
import { configKeys, type ConfigSchema } from "./config_schema.ts";
import type { ConfigSources } from "./config.ts";
import { HELP_GROUPS, helpGroup } from "./help_groups.ts";
import { type OutputOptions, SPEAKING } from "./output.ts";

/** How a script presents itself. */
export interface ScriptDescription<S extends ConfigSchema> {
  /** file name without `.ts`, e.g. "get_circuits_over_time" */
  name: string;
  /** what it does and what it writes, in one or a few sentences */
  description: string;
  /** arguments of example calls, e.g. "configs/pythia-nano_ioi.json --ig-steps 5" */
  examples: readonly string[];
  /** the script's settings */
  schema: S;
  /**
   * whether the script can say what it would do and take, or ("plan") only what it would do: it writes nothing before it asks
   * `isDryRun`
   */
  dryRun?: boolean | "plan";
  /** whether the script makes a page: it tells `ScriptContext.made` its path */
  page?: boolean;
}

/** What the command line asked for. */
export interface CommandLine {
  configFile?: string;
  flags: NonNullable<ConfigSources["flags"]>;
  printConfig: boolean;
  debug: boolean;
  /** what the run says, and whether it only says what it would do */
  output: OutputOptions;
  /** whether `--version` was given */
  version: boolean;
  /** whether to open the page that the run makes */
  open: boolean;
  /** the help text, if `--help` was given */
  help?: string;
}

interface Boxed {
  value: unknown;
}

const RESERVED = [
  ...[
    "config",
    "print_config",
    "debug",
    "help",
    "version",
    "quiet",
    "json",
    "dry_run",
    "estimate",
    "open",
  ],
];

/**
 * Parses a command line. Converts values from text to the types of the schema where possible; `resolveConfig` checks them
 * together with the config file's.
 * @throws UserError (exit code 2) for an unknown flag, a flag without its value, or a second config file.
 */
export function parseCommandLine<S extends ConfigSchema>(
  script: ScriptDescription<S>,
  args: readonly string[],
): CommandLine {
  const result: CommandLine = {
    ...{ flags: {}, printConfig: false, debug: false, version: false, open: false },
    output: SPEAKING,
  };
  let output = "";
  const program = new Command()
    .name(`deno run -A ${script.name}.ts`)
    .description(script.description)
    .argument("[config]", "config file, JSON or YAML; flags override it")
    .option("-c, --config <file>", "the config file, as a flag")
    .option("--print-config", "print the settings in effect and stop")
    .option("--debug", "show the stack trace of an error")
    .option("-q, --quiet", "print warnings and errors only")
    .option("--json", "print one JSON object at the end: settings, tables, files")
    .option("--version", "print the version and stop")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .configureOutput({ writeOut: (text) => output += text, writeErr: () => {} })
    .configureHelp({
      // the headings in their own order, and the frame's options last
      groupItems: (_, shown, heading) => {
        const groups = new Map(HELP_GROUPS.map((group) => [`${group}:`, [] as typeof shown]));
        for (const item of shown) {
          const group = heading(item);
          groups.set(group, [...groups.get(group) ?? [], item]);
        }
        return new Map([...groups].filter(([, items]) => items.length > 0));
      },
      optionTerm: (option) =>
        option.isBoolean() && negatable.has(option.attributeName())
          ? `--[no-]${option.long!.slice(2)}`
          : option.flags,
    })
    .addHelpText(
      "after",
      "\nExamples:\n" +
        script.examples.map((example) => `  deno run -A ${script.name}.ts ${example}\n`).join(""),
    );

  if (script.dryRun) {
    program.option("--dry-run", "print what a run would do and stop");
    if (script.dryRun !== "plan") {
      program.option("--estimate", "print time, memory, disk and downloads of a run and stop");
    }
  }
  if (script.page) program.option("--open", "open the page in the browser at the end");
  const negatable = new Set<string>();
  const keyOf = new Map<string, string>();
  const named = [...configKeys(script.schema)].flatMap(([key, schema]) =>
    [key, ...schema.aliases ?? []].map((name) => ({ key, name, schema }))
  );
  for (const { key, name, schema } of named) {
    if (RESERVED.includes(name) || name.startsWith("no_")) {
      throw new Error(`${script.name}: the config key ${name} cannot be a flag; rename it`);
    }
    const flag = `--${name.replaceAll("_", "-")}`;
    const boolean = typesOf(schema).has("boolean");
    const option = new Option(boolean ? flag : `${flag} <${placeholder(schema)}>`, help(schema));
    if (!boolean) {
      // boxed: commander takes a null result for a flag without a value
      option.argParser((text: string, before?: Boxed) => ({
        value: fromText(text, schema, before?.value),
      }));
    }
    option.helpGroup(`${helpGroup(key)}:`);
    program.addOption(name === key ? option : option.hideHelp());
    keyOf.set(option.attributeName(), key);
    if (boolean) {
      negatable.add(option.attributeName());
      program.addOption(new Option(`--no-${flag.slice(2)}`).hideHelp());
    }
  }

  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { ...result, help: output };
    const message = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
    throw new UserError(`${message} (--help lists the flags)`, 2);
  }
  const options: Record<string, unknown> = program.opts();
  const [argument] = program.args as string[];
  if (argument !== undefined && options.config !== undefined) {
    throw new UserError(`two config files: ${argument} and ${options.config}; give one`, 2);
  }
  for (const [attribute, key] of keyOf) {
    if (program.getOptionValueSource(attribute as never) !== "cli") continue;
    const given = options[attribute];
    const value = typeof given === "boolean" ? given : (given as Boxed).value;
    result.flags[key] = { value, flag: `--${flagName(attribute)}` };
  }
  return {
    ...result,
    configFile: argument ?? options.config as string | undefined,
    printConfig: options.printConfig === true,
    debug: options.debug === true,
    version: options.version === true,
    open: options.open === true,
    output: {
      quiet: options.quiet === true,
      json: options.json === true,
      dryRun: options.dryRun === true,
      estimate: options.estimate === true,
      planOnly: script.dryRun === "plan",
    },
  };
}

/** Returns a key's line of the help text: description, allowed values, default. */
function help(schema: JsonSchema): string {
  const notes: string[] = [];
  const types = typesOf(schema);
  if (schema.enum || schema.anyOf || schema.items?.enum) notes.push(allowedValues(schema));
  if (types.has("array")) notes.push("repeat, or separate by commas");
  if (schema.default !== undefined && schema.default !== null) {
    notes.push(`default: ${JSON.stringify(schema.default)}`);
  }
  return (schema.description ?? "") + (notes.length ? ` (${notes.join("; ")})` : "");
}

function placeholder(schema: JsonSchema): string {
  const types = typesOf(schema);
  if (types.has("array")) return `${placeholder(schema.items ?? {})},…`;
  if (types.has("integer")) return "n";
  if (types.has("number")) return "x";
  return types.has("object") ? "json" : schema.enum ? "name" : "text";
}

/** Converts the text of a flag to a value. Text that does not fit stays text, and the schema rejects it by name. */
function fromText(text: string, schema: JsonSchema, before: unknown): unknown {
  const types = typesOf(schema);
  if (types.has("array") && !text.trimStart().startsWith("[")) {
    const items = text.split(",").map((part) => part.trim()).filter((part) => part !== "")
      .map((part) => fromText(part, schema.items ?? {}, undefined));
    return Array.isArray(before) ? [...before, ...items] : items;
  }
  if (types.has("null") && ["null", "none"].includes(text)) return null;
  if ((types.has("number") || types.has("integer")) && text.trim() !== "" && isFinite(+text)) {
    return Number(text);
  }
  if (types.has("array") || types.has("object")) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

const flagName = (attribute: string): string =>
  attribute.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
