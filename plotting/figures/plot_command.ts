/** The command line that the plot scripts share: paths in, one or more files out. */
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../utils/experiment/user_error.ts";
import { type Figure, saveFigure } from "./plotly_page.ts";

export interface PlotCommand {
  /** script name without ending; also the default output */
  name: string;
  description: string;
  /** what the paths are, for the help */
  paths: string;
  examplePath: string;
}

/** A commander command with the shared argument and `--output`; scripts add their own options to it. */
export function plotCommand(plot: PlotCommand) {
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

/** Runs `work`; a mistake of the user's is one line on stderr and its exit code, anything else is thrown on. */
export async function tellUserErrors(work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}

/** Makes the figure of a parsed command and writes it to every output, naming each file once it is there. */
export async function runPlot<Options extends { output: string[] }>(
  command: { args: string[]; opts(): Options },
  figureOf: (paths: string[], options: Options) => Promise<Figure>,
) {
  await tellUserErrors(async () => {
    const options = command.opts();
    const figure = await figureOf(command.args, options);
    for (const file of options.output) {
      await saveFigure(figure, file);
      console.log(file);
    }
  });
}

/** The paths given, or an error that says what was expected. */
export function requirePaths(paths: string[], what: string): string[] {
  if (paths.length === 0) throw new UserError(`expected ${what}, found no paths`, 2);
  return paths;
}
