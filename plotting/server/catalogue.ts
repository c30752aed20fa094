/** Lists the result files below a folder, and the pages that can be made of them. */
import { relative } from "@std/path";
import { filesBelow } from "../../utils/base/mod.ts";
import { formatOf } from "../../utils/results/mod.ts";
import { FILE_PAGES, FOLDER_PAGES } from "./pages.ts";

/** A result file. */
export interface ListedFile {
  /** path below the results folder, with slashes */
  path: string;
  /** name and version of its layout */
  format: string;
  /** bytes */
  size: number;
  /** time of the last change, in milliseconds since 1970 */
  modified: number;
}

/** A link of the index page. */
export interface PageLink {
  title: string;
  href: string;
}

/** A row of the index page. */
export interface IndexRow {
  /** what the file is, from its format: "circuit-summary" */
  kind: string;
  /** path below the results folder */
  path: string;
  modified: number;
  /** pages of the file; the last is the file itself */
  links: PageLink[];
}

/** What the index page shows. */
export interface IndexData {
  /** pages of all files together */
  figures: PageLink[];
  rows: IndexRow[];
  /** other pages and pictures below the folder */
  files: PageLink[];
}

/** Returns the result files below a folder, by path. Files that vanish meanwhile are left out. */
export async function listResults(root: string): Promise<ListedFile[]> {
  const found: ListedFile[] = [];
  for (const path of await filesBelow(root, (name) => name.endsWith(".json"))) {
    try {
      const format = await formatOf(path);
      const { size, mtime } = await Deno.stat(path);
      if (format === undefined) continue;
      found.push({ path: below(root, path), format, size, modified: mtime?.getTime() ?? 0 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

/** Returns what the index page shows of a folder. */
export async function indexOf(root: string): Promise<IndexData> {
  const files = await listResults(root);
  const formats = new Set(files.map(({ format }) => format));
  const drawn = await filesBelow(root, (name) => /\.(html|svg|png|pdf)$/.test(name));
  return {
    figures: FOLDER_PAGES.filter((page) => page.formats.some((format) => formats.has(format)))
      .map(({ name, title }) => ({ title, href: `/figure/${name}` })),
    rows: files.map(({ path, format, modified }) => ({
      kind: format.split("/").at(-2) ?? format,
      path,
      modified,
      links: [
        ...FILE_PAGES.filter((page) => page.formats.includes(format)).map(({ name, title }) => ({
          title,
          href: `/page/${name}/${encoded(path)}`,
        })),
        { title: "JSON", href: `/files/${encoded(path)}` },
      ],
    })),
    files: drawn.map((path) => below(root, path)).sort()
      .map((path) => ({ title: path, href: `/files/${encoded(path)}` })),
  };
}

/** Returns a path with each part encoded for an address. */
export function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function below(root: string, path: string): string {
  return relative(root, path).replaceAll("\\", "/");
}
