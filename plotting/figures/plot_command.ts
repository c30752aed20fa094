/** Makes the command line that the plot scripts share: paths in, one or more files out. */
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../utils/base/mod.ts";
import { adjusted, type FigureOptions } from "./adjusted.ts";
import type { Figure } from "./figure.ts";
import { saveFigure } from "./plotly_page.ts";

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

/** Options of every plot. */
export type PlotOptions = { output: string[] } & FigureOptions;

/** A command that takes paths and the options of every plot. Scripts add their own options. */
export type FilesCommand = Command<[string[]], PlotOptions>;

/** Returns the command line that all plots share. */
export function plotCommand(plot: PlotCommand): FilesCommand {
  return new Command(`plotting/${plot.name}.ts`)
    .description(plot.description)
    .argument("[paths...]", plot.paths)
    .option(
      "-o, --output <files...>",
      "files to write: .html, .svg, .png or .pdf, one or several",
      [`results/plots/${plot.name}.html`],
    )
    .option("--width <pixels>", "width of pictures")
    .option("--height <pixels>", "height")
    .option("--font-size <pixels>", "size of the text, 12 by default; all text scales with it")
    .option("--title <text>", "title, in pictures too")
    .option("--caption <text>", "text under the title, in pictures too")
    .option(
      "--palette <name>",
      "field, or colorblind: four colours, with dashes from the fifth on",
    )
    .addHelpText(
      "after",
      `\nExamples:\n  deno run -A plotting/${plot.name}.ts ${plot.examplePath}` +
        `\n  deno run -A plotting/${plot.name}.ts ${plot.examplePath} --output ${plot.name}.html ${plot.name}.svg` +
        `\n\nSVG, PNG and PDF need Chromium or Chrome (CHROMIUM_PATH can name it); HTML needs neither.`,
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
export async function runPlot<Options extends PlotOptions>(
  command: { args: string[]; opts(): Options },
  figureOf: (paths: string[], options: Options) => Promise<Figure>,
): Promise<void> {
  await tellUserErrors(async () => {
    const options = command.opts();
    const figure = adjusted(await figureOf(command.args, options), options);
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
