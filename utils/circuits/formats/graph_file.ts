/** Graph files of either kind: EAP-IG's JSON, or tensors. The name's ending says which. */
import { readGraphJson, writeGraphJson } from "./graph_json.ts";
import type { GraphFile } from "./graph_json_reader.ts";
import { readGraphTensors, writeGraphTensors } from "./graph_tensors.ts";

/** How a graph file is written: EAP-IG's JSON as now (2) or as in the paper's results (1), or tensors. */
export type GraphFormat = 1 | 2 | "safetensors";

/** Returns the ending of a graph file's name. */
export function graphExtension(format: GraphFormat): "json" | "safetensors" {
  return format === "safetensors" ? "safetensors" : "json";
}

/** Writes a graph file, completely or not at all. Errors: `writeGraphJson` and `writeGraphTensors`. */
export async function writeGraph(
  path: string,
  graph: GraphFile,
  format: GraphFormat,
): Promise<void> {
  if (format === "safetensors") await writeGraphTensors(path, graph);
  else await writeGraphJson(path, graph, format);
}

/** Reads a graph file. Errors: `readGraphJson` and `readGraphTensors`. */
export function readGraph(path: string): Promise<GraphFile> {
  return path.endsWith(".safetensors") ? readGraphTensors(path) : readGraphJson(path);
}
