/**
 * Shows results in the browser: an index of everything below a folder, and the pages that `plotting/` makes.
 *
 *   deno run -A serve.ts
 */
import { Command } from "@commander-js/extra-typings";
import { join } from "@std/path";
import { UserError } from "./utils/base/mod.ts";
import { openBrowser } from "./utils/cli/mod.ts";
import { tellUserErrors } from "./plotting/figures/mod.ts";
import { LabelsFile, requestHandler } from "./plotting/server/mod.ts";

/** Returns the port of a flag. @throws UserError unless it is an integer from 0 to 65535. */
function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError(`--port: expected an integer from 0 to 65535, found "${text}"`, 2);
}

if (import.meta.main) {
  const command = new Command("serve.ts")
    .description(
      "Show results in the browser: an index of everything below a folder, and pages made on demand. " +
        "Only this machine can reach the server.",
    )
    .argument("[folder]", "folder of the results", "results")
    .option("-p, --port <n>", "port; 0: any free one", "8000")
    .option(
      "--labels <file>",
      "file that keeps labels and groups (default: labels.json in the folder)",
    )
    .option("--open", "open the browser")
    .addHelpText(
      "after",
      "\nExamples:\n  deno run -A serve.ts --open\n  deno run -A serve.ts my_results --port 0 --labels my_labels.json",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const [folder] = command.processedArgs;
    const { port: given, labels, open } = command.opts();
    const port = portOf(given);
    const root = await Deno.realPath(folder).catch(() => {
      throw new UserError(
        `expected a folder of results, found nothing at ${folder}; run deno task demo for some`,
      );
    });
    if (!(await Deno.stat(root)).isDirectory) {
      throw new UserError(`expected a folder of results, found a file at ${folder}`);
    }
    const file = new LabelsFile(labels ?? join(root, "labels.json"));
    await file.read("");
    const handler = requestHandler({ root, labels: file });
    const address = Promise.withResolvers<string>();
    const onListen = ({ port }: Deno.NetAddr) => address.resolve(`http://127.0.0.1:${port}/`);
    let server: Deno.HttpServer;
    try {
      server = Deno.serve({ hostname: "127.0.0.1", port, onListen }, handler);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new UserError(
        `port ${port} is in use; choose another with --port, or any with --port 0`,
      );
    }
    Deno.addSignalListener("SIGINT", () => void server.shutdown());
    console.log(`${await address.promise}  shows ${root}; Ctrl-C ends it`);
    if (open) await openBrowser(await address.promise);
    await server.finished;
  });
}
