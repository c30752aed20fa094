/**
 * Makes the explorer page of a model and task from its summary.json, and the roles of heads from the files of the head
 * scripts. The page shows how a circuit forms over training.
 *
 * Usage: deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi [--output explorer.html]
 */
import { Command } from "@commander-js/extra-typings";
import { extname, join, resolve } from "@std/path";
import { UserError, writeFileAtomic } from "../utils/base/mod.ts";
import { buildExplorer } from "./explorer/page.ts";
import { circuitPicture, type PictureFormat } from "./explorer/picture.ts";
import { tellUserErrors } from "./figures/mod.ts";
import { withCurrentRoles } from "./result_files/current_roles.ts";
import { storedAttention } from "./result_files/stored_attention.ts";
import { findSummaries } from "./result_files/summaries.ts";

const PICTURES: readonly PictureFormat[] = ["svg", "png", "pdf"];

if (import.meta.main) {
  const command = new Command("plotting/explorer.ts")
    .description("Make the explorer page of a model and task from its summary.json.")
    .argument("<paths...>", "summary.json files, or folders to search for them")
    .option(
      "-o, --output <file>",
      "path of the page (default: explorer.html beside the summary), or of a picture of its circuit: .svg, .png or .pdf",
    )
    .option(
      "-c, --compare <paths...>",
      "summaries of other tasks or runs, whose circuits the page compares with",
    )
    .option("--title <text>", "title of the page and of saved pictures")
    .option("--caption <text>", "text below the circuit, and in saved pictures")
    .option(
      "--view <address>",
      'for a picture: what it shows, the part of the page\'s address after "#", e.g. "step=2048&pin=a1.h4"; "top=all" draws all edges of a big circuit',
    )
    .option("--width <pixels>", "for a picture: width of the page's window (default: 1500)")
    .addHelpText(
      "after",
      "\nExamples:\n  deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi\n" +
        "  deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi -o circuit.pdf --view step=16000",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const found = await findSummaries(command.args);
    const { output, compare = [], title, caption, view, width = "1500" } = command.opts();
    const others = compare.length > 0 ? await findSummaries(compare) : [];
    if (output && found.length > 1) {
      throw new UserError(
        `--output names one file, but the paths hold ${found.length} summaries; leave it out, or name one`,
        2,
      );
    }
    const format = extname(output ?? "").slice(1).toLowerCase();
    const picture = PICTURES.find((name) => name === format);
    if (!/^\d{3,4}$/.test(width)) {
      throw new UserError(`--width: expected 100 to 9999 pixels, found "${width}"`, 2);
    }
    if (view !== undefined && !picture) {
      throw new UserError("--view is for pictures: give --output a .svg, .png or .pdf", 2);
    }
    for (const { folder, summary } of found) {
      const file = output ?? join(folder, "explorer.html");
      const page = buildExplorer(await withCurrentRoles(folder, summary), {
        attention: await storedAttention(folder),
        others: others.filter((other) => resolve(other.folder) !== resolve(folder))
          .map((other) => other.summary),
        title,
        caption,
      });
      const content = picture
        ? await circuitPicture(page, picture, { view, width: Number(width) })
        : page;
      await writeFileAtomic(file, content);
      console.log(file);
    }
  });
}
