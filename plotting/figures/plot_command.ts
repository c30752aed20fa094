/** Makes the command line that the plot scripts share: paths in, one or more files out. */
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../utils/base/mod.ts";
import { type Figure, saveFigure } from "./plotly_page.ts";

/** Describes a plot for its command line. */
export interface PlotCommand {
  /** script name without extension; also names the default output */
  name: string;
  /** one sentence for --help */
  description: string;
  /** what the paths are, for --help */
  paths: string;
  /** a path for the examples in --help */
  examplePath: string;
}

/** A command that takes paths and `--output`. Scripts add their own options. */
export type FilesCommand = Command<[string[]], { output: string[] }>;

/** Returns the command line that all plots share. */
export function plotCommand(plot: PlotCommand): FilesCommand {
  return new Command(`plotting/${plot.name}.ts`)
    .description(plot.description)
    .argument("[paths...]", plot.paths)
    .option(
      "-o, --output <files...>",
      "files to write: .html, .svg or .png, one or several",
      [`results/plots/${plot.name}.html`],
    )
    .addHelpText(
      "after",
      `\nExamples:\n  deno run -A plotting/${plot.name}.ts ${plot.examplePath}` +
        `\n  deno run -A plotting/${plot.name}.ts ${plot.examplePath} --output ${plot.name}.html ${plot.name}.svg` +
        `\n\nSVG and PNG need Chromium or Chrome (CHROMIUM_PATH can name it); HTML needs neither.`,
    );
}

/** Runs `work`. Prints a UserError in one line and exits with its code; rethrows any other error. */
export async function tellUserErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}

/** Makes the figure of a parsed command, writes it to every output, and prints each file's name once written. */
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

/** Returns `paths`. @throws UserError if there are none; it says that it expected `what`. */
export function requirePaths(paths: string[], what: string): string[] {
  if (paths.length === 0) throw new UserError(`expected ${what}, found no paths`, 2);
  return paths;
}
