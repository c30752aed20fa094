/**
 * Checks the structure of the house by its imports.
 *
 *  1. **Floors.** A file imports from its own floor or from floors below it ({@link FLOORS}), never upwards.
 *  2. **Doors.** A folder with a `mod.ts` is entered through it: what `mod.ts` does not export is private to the folder.
 *     Files inside the folder, its sub-folders included, import each other directly. Every folder of `utils` has a door.
 *  3. **Circles.** No chain of imports leads back to the file it started from; types count.
 *  4. **Size.** No folder holds more than {@link MOST_FILES} source files beside its sub-folders (the top level and plotting,
 *     where files are commands and `mod.ts` does not count, {@link MOST_SCRIPTS}), and no file more than {@link MOST_LINES} lines.
 *
 * Tests (`*_test.ts` and the folder `tests`) look inside on purpose: they are exempt from 1 and 2. Imports are found in
 * source formatted by `deno fmt`.
 *
 *     deno task check:imports
 */
import { walk } from "./source_files.ts";
import { dirname, join, normalize } from "@std/path";

/** Rooms from the ground up. A room imports from rooms named before it. */
export const FLOORS = [
  "utils/names",
  "utils/base",
  "utils/onnx",
  "utils/cli",
  "utils/slurm",
  "utils/results",
  "utils/graphs", // plain data: pages compute with it
  "utils/tensor_files",
  "utils/training", // generic: below the models that it trains
  "utils/model",
  "utils/tasks",
  "utils/text",
  "utils/transcoders",
  "utils/language_model",
  "utils/circuits",
  "utils/heads",
  "utils/feature_circuits",
  "utils/feature_dashboards",
  "utils/experiments",
  "utils/verify",
  "mod.ts", // the package: what scripts of other people import
  "plotting",
  "notebooks",
  "ioi_baselines",
  "transcoder_circuits",
  "bench",
  "examples",
  "checks",
  "", // scripts at the top level
];

/** Rooms that import from these alone: plotting reads results, never a model. */
const ONLY: Record<string, readonly string[]> = {
  plotting: [
    "plotting",
    "utils/names",
    "utils/base",
    "utils/cli",
    "utils/slurm",
    "utils/results",
    "utils/graphs",
    "utils/tensor_files",
  ],
};

/** Second doors: what pages run in the browser is apart from what makes the pages. */
const BROWSER_DOORS = ["plotting/page/client/mod.ts", "plotting/dashboards/client/mod.ts"];

/** Largest number of source files in a folder, tests not counted. */
export const MOST_FILES = 16;
/** Folders where each file is a command. */
const COMMANDS = ["", "plotting"];

/** Largest number of files in a folder of commands. */
export const MOST_SCRIPTS = 28;
/** Largest number of lines in a source file. */
export const MOST_LINES = 300;

/** A source file: its path from the root, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** One import of a file by another. */
interface Import {
  from: string;
  to: string;
  line: number;
}

const isTest = (path: string) => path.endsWith("_test.ts") || path.startsWith("tests/");
const isDoor = (path: string) => path === "mod.ts" || path.endsWith("/mod.ts");
const folderOf = (path: string) => {
  const folder = dirname(path);
  return folder === "." ? "" : folder;
};

/** Relative imports of a file; specifiers of packages are left out. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const found: Import[] = [];
  text.split("\n").forEach((line, i) => {
    const statement = /^(?:import|export|\})[^"]*(?:from )?"(\.[^"]+)";/.exec(line);
    const dynamic = /^(?!\s*(?:\*|\/\/)).*\bimport\("(\.[^"]+)"\)/.exec(line);
    const specifier = (statement ?? dynamic)?.[1];
    if (specifier) {
      found.push({ from: path, to: normalize(join(folderOf(path), specifier)), line: i + 1 });
    }
  });
  return found;
}

/** The room of a path: the longest entry of {@link FLOORS} that contains it. */
function floorOf(path: string): number {
  const rooms = FLOORS.map((room, i) => [room, i] as const)
    .filter(([room]) =>
      room === "" ? !path.includes("/") : path === room || path.startsWith(`${room}/`)
    );
  return rooms.toSorted(([a], [b]) => a.length - b.length).at(-1)?.[1] ?? -1;
}

/** The door through which `from` must enter to reach `to`; undefined where it may import `to` directly. */
function doorOf(from: string, to: string, files: ReadonlySet<string>): string | undefined {
  const parts = folderOf(to).split("/");
  for (let n = 1; n <= parts.length; n++) {
    const folder = parts.slice(0, n).join("/");
    if (`${folderOf(from)}/`.startsWith(`${folder}/`)) continue;
    if (files.has(`${folder}/mod.ts`)) return `${folder}/mod.ts`;
  }
}

/** A circle of files through `imports`, as the list of its files; undefined where there is none. */
function circle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return;
    path.push(file);
    for (const to of imports.get(file) ?? []) {
      const found = visit(to);
      if (found) return found;
    }
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) {
    const found = visit(file);
    if (found) return found;
  }
}

/** The faults of a tree, one line each; empty where the house is in order. */
export function checkImports(sources: readonly SourceFile[]): string[] {
  const files = new Set(sources.map(({ path }) => path));
  const faults: string[] = [];
  const graph = new Map<string, string[]>();
  for (const source of sources) {
    const imports = importsOf(source).filter(({ to }) => files.has(to));
    graph.set(source.path, imports.map(({ to }) => to));
    if (isTest(source.path)) continue;
    if (floorOf(source.path) < 0) {
      faults.push(`${source.path} is on no floor: add its room to FLOORS`);
    }
    for (const { from, to, line } of imports) {
      const [here, there] = [floorOf(from), floorOf(to)];
      if (isTest(to)) faults.push(`${from}:${line} imports a test: ${to}`);
      else if (here >= 0 && there > here) {
        faults.push(
          `${from}:${line} imports upwards: ${to} (${FLOORS[there] || "top level"} is above ${
            FLOORS[here]
          })`,
        );
      }
      const only = ONLY[FLOORS[here]];
      if (only && there <= here && !only.includes(FLOORS[there])) {
        faults.push(`${from}:${line} imports ${to}; it may import from ${only.join(", ")}`);
      }
      const door = doorOf(from, to, files);
      if (door !== undefined && door !== to && !BROWSER_DOORS.includes(to)) {
        faults.push(`${from}:${line} imports past a door: ${to}; import from ${door}`);
      }
    }
  }
  const found = circle(graph);
  if (found) faults.push(`circle of imports: ${found.join(" → ")}`);
  return [...faults, ...checkSizes(sources)];
}

/** Returns the folders and all folders around them. */
function withParents(folders: Iterable<string>): Set<string> {
  const all = new Set<string>();
  for (let folder of folders) {
    for (; folder !== "." && folder !== ""; folder = dirname(folder)) all.add(folder);
  }
  return all;
}

/** Folders with too many files or without a door, and files with too many lines. */
function checkSizes(sources: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  const folders = new Map<string, number>();
  const doors = new Set<string>();
  for (const { path, text } of sources) {
    const lines = text.split("\n").length - 1;
    if (lines > MOST_LINES) {
      faults.push(`${path} has ${lines} lines; at most ${MOST_LINES} are expected`);
    }
    if (isTest(path)) continue;
    const folder = folderOf(path);
    if (isDoor(path)) doors.add(folder);
    if (path === "mod.ts") continue;
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  for (const [folder, count] of folders) {
    const most = COMMANDS.includes(folder) ? MOST_SCRIPTS : MOST_FILES;
    if (count > most) {
      faults.push(
        `${folder || "the top level"} has ${count} source files; at most ${most} are expected`,
      );
    }
  }
  for (const folder of withParents(folders.keys())) {
    if (folder.startsWith("utils/") && !doors.has(folder)) {
      faults.push(`${folder} has no mod.ts`);
    }
  }
  return faults;
}

if (import.meta.main) {
  const faults = checkImports(await walk(new URL("../", import.meta.url), [".ts"]));
  faults.forEach((fault) => console.error(fault));
  console.log(faults.length === 0 ? "imports: in order" : `imports: ${faults.length} faults`);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
