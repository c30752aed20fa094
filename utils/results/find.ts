/** Finds result files below folders and reads them through their kinds. */
import { filesBelow, oneLine, UserError } from "../base/mod.ts";
import type { StoredResult } from "./kind.ts";

/** What reading needs of a kind (`ResultKind`). */
export interface ReadableKind<Header = unknown, Entry = unknown> {
  /** name and version of the layout */
  readonly format: string;
  /** the script that makes the file */
  readonly madeBy: string;
  /** Reads a file. @throws UserError if it is damaged or of another kind. */
  read(path: string): Promise<StoredResult<Header, Entry>>;
}

/** The file of a kind, as read. */
export type StoredOf<Kind extends ReadableKind> = Awaited<ReturnType<Kind["read"]>>;

/**
 * Reads the files of the given kinds at `paths`. Searches folders for them and skips other files there.
 * @returns one per file, in alphabetical order below each path
 * @throws UserError if a path does not exist, a file given by name is of another kind, a file is damaged (`read`), or
 *   there is none (naming the scripts that make them).
 */
export async function findResults<Kind extends ReadableKind>(
  paths: readonly string[],
  kinds: readonly Kind[],
): Promise<StoredOf<Kind>[]> {
  const kindOf = new Map(kinds.map((kind) => [kind.format, kind]));
  const files = new Map<string, StoredOf<Kind>>();
  for (const path of paths) {
    const info = await Deno.stat(path).catch(() => {
      throw new UserError(`expected a result file or a folder of them, found nothing at ${path}`);
    });
    const isJson = (name: string) => name.endsWith(".json");
    for (const file of info.isDirectory ? await filesBelow(path, isJson) : [path]) {
      const format = await formatOf(file);
      const kind = format === undefined ? undefined : kindOf.get(format);
      if (kind) files.set(file, await kind.read(file) as StoredOf<Kind>);
      else if (!info.isDirectory) {
        throw new UserError(
          `${file}: expected format ${[...kindOf.keys()].join(" or ")}, found ${
            format === undefined ? "none" : oneLine(format).slice(0, 80)
          }`,
        );
      }
    }
  }
  if (files.size === 0) {
    throw new UserError(`no such result file below ${paths.join(", ")}; ${runFirst(kinds)}`);
  }
  return [...files.values()];
}

/** Tells the user which scripts make files of these kinds. */
export function runFirst(kinds: readonly Pick<ReadableKind, "madeBy">[]): string {
  const scripts = [...new Set(kinds.map(({ madeBy }) => madeBy))];
  return `run ${scripts.join(" or ")} first`;
}

/** Returns the format of a result file. It is in the first lines, so large files of other kinds are not parsed. */
export async function formatOf(path: string): Promise<string | undefined> {
  using file = await Deno.open(path);
  const start = new Uint8Array(400);
  const length = await file.read(start) ?? 0;
  const text = new TextDecoder().decode(start.subarray(0, length));
  return /"format"\s*:\s*"([^"]*)"/.exec(text)?.[1];
}
