/**
 * Finds and reads the graphs of a command's paths. A path is
 *
 *  - a graph in Neuronpedia's schema, `{slug}.json`; if `exact/{slug}.safetensors` is beside it, the exact graph is read, with
 *    the pins, groups and labels of the JSON;
 *  - an exact graph, `exact/{slug}.json` or `.safetensors`;
 *  - a folder with such files.
 */
import { basename, dirname, join } from "@std/path";
import { isFile, isFolder, readJson, UserError } from "../../utils/base/mod.ts";
import { GRAPH_FORMAT, neuronpediaSchema } from "../../utils/results/mod.ts";
import { readExact } from "./exact_file.ts";
import { prunedGraph } from "./pruned_file.ts";
import type { ReadGraph } from "./page_graph.ts";

/** Reads the graphs at the paths, in their order. @throws UserError naming a path that does not have any. */
export async function readGraphs(paths: readonly string[]): Promise<ReadGraph[]> {
  const found: ReadGraph[] = [];
  for (const path of paths) {
    if (!isFolder(path)) found.push(await readOne(path));
    else for (const file of graphsIn(path)) found.push(await readOne(file));
  }
  const used = new Map<string, number>();
  return found.map((graph) => {
    const count = (used.get(graph.slug) ?? 0) + 1;
    used.set(graph.slug, count);
    return count === 1 ? graph : { ...graph, slug: `${graph.slug} (${count})` };
  });
}

/** Returns the files of graphs in a folder. */
function graphsIn(folder: string): string[] {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) =>
      name.endsWith(".json") && name !== "graph-metadata.json" && !name.endsWith(".details.json")
    ).sort(byNumber);
  if (files.length > 0) return files.map((name) => join(folder, name));
  throw new UserError(
    `${folder} does not have attribution graphs; ` +
      "make some with get_attribution_graph.ts, or name their JSON files",
    2,
  );
}

const byNumber = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

async function readOne(path: string): Promise<ReadGraph> {
  if (path.endsWith(".safetensors")) return await readExact(path.slice(0, -".safetensors".length));
  const json = await readJson(path).catch((cause) => {
    throw new UserError(`${path}: ${(cause as Error).message}`, 2);
  });
  if (json === undefined) throw new UserError(`${path} does not exist; expected a graph`, 2);
  if ((json as { format?: unknown }).format === GRAPH_FORMAT) {
    return await readExact(path.slice(0, -".json".length));
  }
  const { error, data } = neuronpediaSchema.safeParse(json);
  if (error) {
    const { path: place, message } = error.issues[0];
    throw new UserError(
      `${path}: ${place.join(".") || "the file"}: ${message}; ` +
        "expected a graph in Neuronpedia's schema, or an exact graph",
      2,
    );
  }
  const exact = join(dirname(path), "exact", basename(path, ".json"));
  if (!isFile(`${exact}.safetensors`)) return prunedGraph(data, path);
  return { ...await readExact(exact), marks: data.qParams };
}
