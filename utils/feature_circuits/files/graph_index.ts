/** The list of the graphs of a folder, `graph-metadata.json`, for Neuronpedia and circuit-tracer's viewer. */
import { join } from "@std/path";
import { withFolderLocked, writeFileAtomicSync } from "../../base/mod.ts";
import { graphIndexSchema, type NeuronpediaGraph } from "../../results/mod.ts";

/**
 * Adds a graph to the `graph-metadata.json` of its folder; an entry of the same slug is replaced.
 * @throws Error naming the file if it is there and not such a list.
 */
export function indexGraph(folder: string, metadata: NeuronpediaGraph["metadata"]): void {
  const path = join(folder, "graph-metadata.json");
  withFolderLocked(folder, () => {
    let text: string | undefined;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const graphs = text === undefined ? [] : listed(path, text);
    const others = graphs.filter(({ slug }) => slug !== metadata.slug);
    writeFileAtomicSync(path, JSON.stringify({ graphs: [...others, metadata] }, null, 1) + "\n");
  });
}

function listed(path: string, text: string): NeuronpediaGraph["metadata"][] {
  try {
    return graphIndexSchema.parse(JSON.parse(text)).graphs;
  } catch (cause) {
    throw new Error(
      `${path}: expected {"graphs": [metadata, …]}; move the file away and start again`,
      { cause },
    );
  }
}
