/** Runs cases of one kind for `campaign.ts`. */
import { join } from "@std/path";
import { rngFor } from "../../../utils/text/random.ts";
import { hashText } from "../../../utils/text/random.ts";
import type { Order, Report } from "./campaign.ts";
import { KINDS } from "./kinds.ts";

/** Largest growth of the process's memory by one case, in bytes. */
const MEMORY_LIMIT = 600e6;

const report = (message: Report) => postMessage(message);

/** Returns what is wrong with an error of a reader; undefined if it is as it should be. */
function judge(error: unknown, folder: string): string | undefined {
  if (!(error instanceof Error)) return `throws ${String(error)}`;
  const bug = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError]
    .find((kind) => error instanceof kind);
  const text = `${error.name}: ${error.message}`;
  if (bug) return `${text}\n${error.stack}`;
  if (!error.message.includes(folder)) return `no file in: ${text}\n${error.stack}`;
  if (error.message.length > 2000) return `long: ${text.slice(0, 300)}…`;
  // settings may have a line per mistake
  if (!error.message.split("\n").every((line) => line.includes(folder))) {
    return `a line without the file: ${text}`;
  }
}

async function run({ kind: name, seed, from, to }: Order): Promise<void> {
  const kind = KINDS[name];
  const folder = await Deno.makeTempDir({ prefix: "fuzz-" });
  // what a reader prints is not of interest
  console.log = console.warn = () => {};
  try {
    await kind.make(folder);
    await kind.read(folder);
    const path = join(folder, kind.file);
    const good = await Deno.readFile(path);
    for (let number = from; number < to; number++) {
      const rng = rngFor(seed, hashText(name), number);
      await Deno.writeFile(path, kind.mutate(rng, good));
      report({ kind: name, number, started: true });
      const before = Deno.memoryUsage().rss;
      try {
        await kind.read(folder);
      } catch (error) {
        const failed = judge(error, folder);
        if (failed) report({ kind: name, number, failed });
      }
      const grown = Deno.memoryUsage().rss - before;
      if (grown > MEMORY_LIMIT) {
        report({ kind: name, number, failed: `takes ${(grown / 1e6).toFixed(0)} MB` });
      }
    }
    report({ done: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

self.onmessage = ({ data }: MessageEvent<Order>) => run(data);
