/**
 * Runs a notebook without Jupyter and saves its outputs in it:
 *
 *   deno run -A notebooks/run_notebook.ts ioi_baselines/ioi_circuit.ipynb
 *   deno run -A notebooks/run_notebook.ts ioi_baselines/ioi_circuit.ipynb --set MODEL='"pythia-160m"' --output my.ipynb
 *
 * `--set NAME=expression` replaces the value of `const NAME = …;` in the cell tagged "parameters". The runner is a module of
 * its own (`runner.ts`), since a notebook that imported this one would wait for itself.
 */
import { Command } from "@commander-js/extra-typings";
import { writeNotebook } from "./notebook.ts";
import { runNotebook } from "./runner.ts";

if (import.meta.main) {
  const command = new Command()
    .name("run_notebook")
    .description("Runs the cells of a notebook and saves their outputs in it.")
    .argument("<notebook>", "path of an .ipynb file with TypeScript cells")
    .option(
      "--set <name=value>",
      "new value of a parameter, a TypeScript expression; may be repeated",
      (text: string, all: string[]) => [...all, text],
      [] as string[],
    )
    .option("--output <path>", "file to write (default: the notebook itself)");
  command.parse(Deno.args, { from: "user" });
  const [path] = command.processedArgs;
  const { set, output = path } = command.opts();
  const parameters = Object.fromEntries(set.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) command.error(`--set: expected name=value, found "${text}"`);
    return [text.slice(0, at), text.slice(at + 1)];
  }));
  try {
    await writeNotebook(output, await runNotebook(path, parameters));
    console.log(`written to ${output}`);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
