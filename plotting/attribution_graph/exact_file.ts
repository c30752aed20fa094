/** Reads an exact attribution graph, `exact/{slug}.json` and `.safetensors`, for the page. */
import { readJson, UserError } from "../../utils/base/mod.ts";
import { exactGraphHeader, type GraphDetails, graphDetails } from "../../utils/results/mod.ts";
import { openSafetensors } from "../../utils/tensor_files/mod.ts";
import type { ReadGraph } from "./page_graph.ts";

/**
 * Reads a graph that `get_attribution_graph.ts` wrote.
 * @param path path without ending
 * @throws UserError naming a file that is missing or does not have the layout.
 */
export async function readExact(path: string): Promise<ReadGraph> {
  const { error, data } = exactGraphHeader.safeParse(await readJson(`${path}.json`));
  if (error) {
    const { path: place, message } = error.issues[0];
    throw new UserError(
      `${path}.json: ${place.join(".") || "the file"}: ${message}; expected an attribution graph`,
      2,
    );
  }
  const { targets, values, layers, tokens, columns, settings } = data;
  const T = targets.length, K = values.length - T;
  const tensors = await openSafetensors(`${path}.safetensors`).catch((cause) => {
    throw new UserError(`${path}.safetensors: ${(cause as Error).message}`, 2);
  });
  try {
    return {
      slug: path.split("/").at(-1)!,
      prompt: data.prompt,
      about: aboutLine(settings),
      tokenTexts: data.token_texts,
      graph: {
        tokens,
        layers,
        features: Int32Array.from(await tensors.read("features", [K, 3])),
        activations: await tensors.read("activations", [K]),
        targets,
        columns,
        edges: await tensors.read("edges", [K + T, columns]),
      },
      biases: data.biases,
      values,
      complete: true,
      leftOut: data.left_out,
      thresholds: {
        node: threshold(settings.node_threshold, 0.8),
        edge: threshold(settings.edge_threshold, 0.98),
      },
      details: await readDetails(path),
    };
  } finally {
    tensors.close();
  }
}

/** Reads the details beside a graph; undefined if there are none, as in results of older versions. */
async function readDetails(path: string): Promise<GraphDetails | undefined> {
  const json = await readJson(`${path}.details.json`);
  if (json === undefined) return undefined;
  const { error, data } = graphDetails.safeParse(json);
  if (!error) return data;
  const { path: place, message } = error.issues[0];
  throw new UserError(
    `${path}.details.json: ${place.join(".")}: ${message}; ` +
      "delete the file, or make the graph again with get_attribution_graph.ts",
    2,
  );
}

const threshold = (value: unknown, otherwise: number) =>
  typeof value === "number" && value >= 0 && value <= 1 ? value : otherwise;

function aboutLine({ model, step, coders }: Record<string, unknown>): string {
  const parts: string[] = [];
  if (typeof model === "string") parts.push(model);
  if (typeof step === "number") parts.push(`step ${step.toLocaleString("en-US")}`);
  if (typeof coders === "string") parts.push(`coders ${coders}`);
  return parts.join(", ");
}
