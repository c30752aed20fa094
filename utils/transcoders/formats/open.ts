/**
 * Finds and opens coders by name, whatever their format.
 *
 * 1. An existing folder or `.pt` file is that; otherwise the name is a repository on the Hub, `organisation/name`, with an
 *    optional folder in it and an optional revision: `organisation/name/folder@revision`.
 * 2. The names of the files tell the format. Where they fit several, the caller has to say which.
 * 3. Of a repository only the files of the wanted layers are downloaded.
 */
import { basename, dirname, relative } from "@std/path";
import { filesBelow, isFile, isFolder, UserError } from "../../base/mod.ts";
import { type FolderOptions, resolveFolder } from "../../model/mod.ts";
import type { Coder } from "../coder.ts";
import { circuitTracer } from "./circuit_tracer.ts";
import { type CoderFormat, FORMAT_NAMES, type FormatName } from "./format.ts";
import { native } from "./native.ts";
import { saeLens } from "./sae_lens.ts";
import { sparsify } from "./sparsify.ts";
import { tcc } from "./tcc.ts";

/** All formats by name. */
export const FORMATS: Record<FormatName, CoderFormat> = {
  native,
  "circuit-tracer": circuitTracer,
  "sae-lens": saeLens,
  sparsify,
  tcc,
};

/** Says which coders to open. */
export interface OpenOptions extends FolderOptions {
  /** format of the files; default: what their names say */
  format?: FormatName;
  /** layers wanted; default: all */
  layers?: readonly number[];
}

/** Coders, and where they come from. */
export interface OpenedCoders {
  /** the coders in the order of their layers */
  coders: Coder[];
  /** format of the files */
  format: FormatName;
  /** folder of the files, in the cache for a repository */
  dir: string;
}

/**
 * Opens the coders in a folder, a file or a repository on the Hub.
 * @param name a folder, a `.pt` file, or `organisation/name[/folder][@revision]`
 * @throws UserError if the name is neither, or if no format, or more than one, fits the files; Error naming file, key or
 * tensor, what was found and what was expected
 */
export async function openCoders(name: string, options: OpenOptions = {}): Promise<OpenedCoders> {
  const { dir, files, format } = await locate(name, options);
  const coders = await FORMATS[format].read(dir, files);
  if (coders.length === 0) throw new UserError(`${name}: no coders found`, 2);
  return { coders, format, dir };
}

async function locate(name: string, options: OpenOptions) {
  if (isFile(name)) {
    if (!name.endsWith(".pt")) {
      throw new UserError(`${name}: expected a folder, a repository or a .pt file`, 2);
    }
    return { dir: dirname(name), files: [basename(name)], format: "tcc" as const };
  }
  if (isFolder(name)) {
    const paths = (await filesBelow(name, () => true)).map((path) => relative(name, path));
    return { dir: name, ...chosen(name, paths, options) };
  }
  const match = /^([\w-][\w.-]*\/[\w-][\w.-]*)((?:\/[\w-][\w.-]*)*)(?:@([\w./-]+))?$/.exec(name);
  if (!match) {
    throw new UserError(
      `${name}: neither an existing folder or file nor a repository (organisation/name[/folder][@revision])`,
      2,
    );
  }
  const [, repo, sub, revision = options.revision] = match;
  const folder = sub === "" ? "" : `${sub.slice(1)}/`;
  let format: FormatName | undefined;
  const choose = (paths: readonly string[]) => {
    const inside = paths.filter((path) => path.startsWith(folder));
    const found = chosen(name, inside.map((path) => path.slice(folder.length)), options);
    format = found.format;
    return found.files.map((path) => folder + path);
  };
  const { dir, files } = await resolveFolder(repo, choose, { ...options, revision });
  return {
    dir: `${dir}/${folder}`.replace(/\/$/, ""),
    files: files.map((path) => path.slice(folder.length)),
    format: format!,
  };
}

/** Returns the format of a set and its files. @throws UserError if none fits, or more than one. */
function chosen(name: string, paths: readonly string[], { format, layers }: OpenOptions) {
  const candidates = (format ? [format] : FORMAT_NAMES).flatMap((candidate) => {
    const files = FORMATS[candidate].filesOf(paths, layers);
    return files.length > 0 ? [{ format: candidate, files }] : [];
  });
  if (candidates.length === 1) return candidates[0];
  if (candidates.length > 1) {
    throw new UserError(
      `${name}: has files of the formats ${
        candidates.map((c) => c.format).join(" and ")
      }; say which one to read`,
      2,
    );
  }
  const wanted = layers ? ` of layers ${layers.join(", ")}` : "";
  throw new UserError(
    `${name}: found no coders${wanted} ${
      format ? `in the format ${format}` : "in a known format"
    } among ` +
      `${paths.length} files (${paths.slice(0, 4).join(", ")}${
        paths.length > 4 ? ", …" : ""
      }); expected ` +
      "config.yaml with layer_*.safetensors, or cfg.json with weights.safetensors, sae_weights.safetensors or " +
      "sae.safetensors, or *_sparse_autoencoder_*.pt",
    2,
  );
}
