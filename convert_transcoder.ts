/**
 * Converts transcoders and sparse autoencoders from one file format to another.
 *
 *   deno run -A convert_transcoder.ts EleutherAI/Pythia-160m-SST-k32-32k transcoders/pythia-160m --to circuit-tracer
 */
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import {
  CODER_DTYPES,
  convertCoders,
  type ConvertOptions,
  FORMAT_NAMES,
} from "./utils/transcoders/mod.ts";

/** Reads `0,2,4-7` as a list of layers. */
function layersOf(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) throw new InvalidArgumentError("Expected numbers such as 0,2,4-7.");
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
}

async function convert(source: string, target: string, options: ConvertOptions) {
  const { coders, from, notes } = await convertCoders(source, target, options);
  for (const note of notes) console.warn(`warning: ${note}`);
  const { config } = coders[0];
  console.log(
    `${coders.length} ${config.kind} coder${
      coders.length === 1 ? "" : "s"
    } with ${config.features} features (${from}) written to ${target} as ${options.to}`,
  );
}

if (import.meta.main) {
  const command = new Command()
    .name("deno run -A convert_transcoder.ts")
    .description(
      "Converts transcoders and sparse autoencoders between file formats: circuit-tracer, SAELens, sparsify,\n" +
        "transcoder_circuits (.pt) and our own.",
    )
    .argument("<from>", "folder, .pt file, or Hub repository organisation/name[/folder][@revision]")
    .argument("<to>", "folder to write")
    .addOption(
      new Option("--to <format>", "format to write").choices(FORMAT_NAMES).default(
        "native" as const,
      ),
    )
    .addOption(
      new Option("--format <format>", "format to read; default: what the files' names say")
        .choices(FORMAT_NAMES),
    )
    .addOption(
      new Option(
        "--dtype <name>",
        "number format of the matrices; biases and thresholds stay float32",
      )
        .choices(CODER_DTYPES).default("float32" as const),
    )
    .option("--layers <list>", "layers to convert, e.g. 0,2,4-7; default: all", layersOf)
    .option("--revision <name>", "branch, tag or commit of the repository")
    .option(
      "--model <name>",
      "model of the coders, where LayerNorm's gain and bias move in or out",
    )
    .option("--model-revision <name>", "training checkpoint of the model, e.g. step1000")
    .option("--cache-dir <folder>", "folder of downloads; default: Hugging Face's cache")
    .parse(Deno.args, { from: "user" });
  try {
    await convert(command.args[0], command.args[1], command.opts());
    Deno.exit(0);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
