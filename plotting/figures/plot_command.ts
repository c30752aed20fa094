/** The command line that the plot scripts share: paths in, one or more files out. */
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../utils/base/mod.ts";
import { type Figure, saveFigure } from "./plotly_page.ts";

/** What the command line of a plot says about itself. */
export interface PlotCommand {
  /** script name without ending; also the default output */
  name: string;
  /** one sentence, for the help */
  description: string;
  /** what the paths are, for the help */
  paths: string;
  /** a path for the examples of the help */
  examplePath: string;
}

/** A command with paths as its arguments and the option `--output`; scripts add their own options to it. */
export type FilesCommand = Command<[string[]], { output: string[] }>;

/** Returns the command line that all plots share. */
export function plotCommand(plot: PlotCommand): FilesCommand {
  return new Command(`plotting/${plot.name}.ts`)
    .description(plot.description)
    .argument("[paths...]", plot.paths)
    .option(
      "-o, --output <files...>",
      "where the figure goes; .html, .svg or .png, several at once if wanted",
      [`results/plots/${plot.name}.html`],
    )
    .addHelpText(
      "after",
      `\nExamples:\n  deno run -A plotting/${plot.name}.ts ${plot.examplePath}` +
        `\n  deno run -A plotting/${plot.name}.ts ${plot.examplePath} --output ${plot.name}.html ${plot.name}.svg` +
        `\n\nSVG and PNG need Chromium or Chrome (or its path in CHROMIUM_PATH); HTML needs nothing.`,
    );
}

/** Runs `work`. Prints a UserError in one line and exits with its code; throws any other error on. */
export async function tellUserErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}

/** Makes the figure of a parsed command, writes it to every output, and prints the name of each file once it is there. */
export async function runPlot<Options extends { output: string[] }>(
  command: { args: string[]; opts(): Options },
  figureOf: (paths: string[], options: Options) => Promise<Figure>,
): Promise<void> {
  await tellUserErrors(async () => {
    const options = command.opts();
    const figure = await figureOf(command.args, options);
    for (const file of options.output) {
      await saveFigure(figure, file);
      console.log(file);
    }
  });
}

/** Returns the paths given. @throws UserError without any, saying what was expected. */
export function requirePaths(paths: string[], what: string): string[] {
  if (paths.length === 0) throw new UserError(`expected ${what}, found no paths`, 2);
  return paths;
}
