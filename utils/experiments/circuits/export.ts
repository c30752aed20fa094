/**
 * Exports the circuit in a graph file: chooses its edges again if asked to, then writes it in another format.
 *
 * 1. Read the graph file: scores and circuit.
 * 2. Choose the circuit: the stored one, or n edges (greedy or best), or all edges above a threshold, or all edges
 *    between chosen nodes or neurons (`utils/circuits/choice`). Every choice is pruned.
 * 3. Write it for Neuronpedia, as EAP-IG's graph file, as Graphviz text or as a picture.
 */
import { basename, dirname, join } from "@std/path";
import { z } from "zod";
import { isFile, UserError, writeFileAtomic, writeJsonAtomic } from "../../base/mod.ts";
import {
  attributionGraph,
  circuitDot,
  circuitEdges,
  circuitOfNeurons,
  circuitOfNodes,
  countEdges,
  type GraphFile,
  greedySelection,
  nBackward,
  nForward,
  nodesInCircuit,
  PALETTE_NAMES,
  pruneCircuit,
  readGraph,
  realEdgeMask,
  scoreRange,
  type Scores,
  thresholdElements,
  thresholdSelection,
  topnElements,
  topnSelection,
  weightedEdgeCount,
  writeCircuitPicture,
  writeGraphJson,
} from "../../circuits/mod.ts";
import {
  loadTokenizer,
  promptIds,
  resolveModel,
  type Tokenizer,
  tokenTexts,
} from "../../model/mod.ts";
import { type CircuitSummary, circuitSummary, readCircuitSummary } from "../../results/mod.ts";

const ENDINGS = {
  "neuronpedia": ".neuronpedia.json",
  "eap-ig": ".eap-ig.json",
  "eap-ig-1": ".eap-ig-1.json",
  "dot": ".dot",
  "svg": ".svg",
  "png": ".png",
} as const;

type Format = keyof typeof ENDINGS;

const FORMATS = Object.keys(ENDINGS) as [Format, ...Format[]];

const SELECTIONS = ["stored", "greedy", "topn", "threshold", "nodes", "neurons"] as const;

/** The schema of the settings. */
export const exportSchema = z.object({
  graph: z.string().min(1)
    .describe("graph file, e.g. results/graphs/pythia-nano/ioi/raw/6144.json"),
  format: z.enum(FORMATS).default("neuronpedia").describe(
    "neuronpedia: attribution graph for Neuronpedia and circuit-tracer; eap-ig, eap-ig-1: graph file of EAP-IG, " +
      "version 2 or 1; dot: Graphviz; svg, png: picture",
  ),
  select: z.enum(SELECTIONS).default("stored").describe(
    "the circuit; stored: the one in the file; greedy, topn: n edges; threshold: edges whose score reaches it; nodes, " +
      "neurons: all edges between the n best ones, or those whose score reaches the threshold",
  ),
  n: z.int().min(1).optional().describe("number of edges, nodes or neurons, before pruning"),
  threshold: z.number().optional().describe("smallest score of an edge, node or neuron"),
  absolute: z.boolean().default(true).describe("compare absolute scores"),
  palette: z.enum(PALETTE_NAMES).default("field").describe(
    "colours of dot, svg and png: EAP-IG's, or ones that colour-blind readers tell apart",
  ),
  output: z.string().min(1).optional()
    .describe("file to write; default: next to the graph file, named after the format"),
  prompt: z.string().min(1).optional().describe(
    "text of the prompt up to the read-out, for neuronpedia; default: the example in the run's summary.json",
  ),
  model: z.string().min(1).optional().describe(
    "model whose tokenizer splits the prompt, for neuronpedia; default: the one in the run's summary.json",
  ),
  cache_dir: z.string().optional().describe(
    "folder of downloaded models; default: Hugging Face's cache",
  ),
});

/** The settings of an export. */
export type ExportConfig = z.output<typeof exportSchema>;

/** What was written. */
export interface Exported {
  /** the file written */
  path: string;
  /** after pruning */
  edges: number;
  /** nodes with an edge */
  nodes: number;
  /** size of a circuit of neurons, in edges (MIB's weighted edge count) */
  weightedEdges?: number;
}

/**
 * Exports a circuit; see the header.
 * @throws UserError if a setting of the selection is missing, the file has no neuron scores, or nothing says what the
 *   prompt and the model are.
 */
export async function exportCircuit(config: ExportConfig): Promise<Exported> {
  const graph = await readGraph(config.graph).catch((cause) => {
    throw new UserError(
      cause instanceof Deno.errors.NotFound
        ? `there is no graph file ${config.graph}; run ${circuitSummary.madeBy} first`
        : (cause as Error).message,
      1,
      { cause },
    );
  });
  const chosen = chooseCircuit(graph, config);
  const path = config.output ??
    config.graph.replace(/\.(json|safetensors)$/, "") + ENDINGS[config.format];
  await writeAs(config.format, path, chosen, config);
  return {
    path,
    edges: countEdges(chosen.mask),
    nodes: nodesInCircuit(chosen.shape, chosen.mask).length,
    weightedEdges: chosen.neurons && weightedEdgeCount(chosen.shape, {
      mask: chosen.mask,
      neurons: chosen.neurons,
    }),
  };
}

/** Returns the graph with the chosen circuit. */
export function chooseCircuit(
  graph: GraphFile,
  config: Pick<ExportConfig, "select" | "n" | "threshold" | "absolute" | "graph">,
): GraphFile {
  const { shape, scores } = graph;
  const options = { absolute: config.absolute };
  const edges = (mask: Uint8Array): GraphFile => ({
    ...graph,
    mask: pruneCircuit(shape, mask),
    nodes: undefined,
    neurons: undefined,
  });
  switch (config.select) {
    case "stored":
      return graph;
    case "greedy":
      return edges(greedySelection(shape, scores, required(config, "n"), options));
    case "topn":
      return edges(topnSelection(shape, scores, required(config, "n"), options));
    case "threshold":
      return edges(thresholdSelection(shape, scores, required(config, "threshold"), options));
    case "nodes":
      return edges(circuitOfNodes(shape, kept(graph.nodeScores ?? nodeScores(graph), config)));
    case "neurons": {
      if (!graph.neuronScores) {
        throw new UserError(
          `select: ${config.graph} has no scores of neurons, which only EAP-IG's version 2 writes; ` +
            `choose one of ${SELECTIONS.filter((name) => name !== "neurons").join(", ")}`,
          2,
        );
      }
      const { mask, neurons } = circuitOfNeurons(shape, kept(graph.neuronScores, config));
      return { ...graph, mask, neurons, nodes: undefined };
    }
  }
}

/**
 * Returns the scores of nodes, `[nForward]`: the sum of the scores of a node's outgoing edges. For gradients this is the
 * score of the node itself, because ∂L/∂out is the sum of the gradients at all inputs that read it.
 */
export function nodeScores({ shape, scores }: Pick<GraphFile, "shape" | "scores">): Scores {
  const real = realEdgeMask(shape), columns = nBackward(shape);
  const sums = new Float64Array(nForward(shape));
  real.forEach((isEdge, cell) => {
    if (isEdge) sums[Math.floor(cell / columns)] += scores[cell];
  });
  return sums;
}

function kept(
  scores: Scores,
  { n, threshold, absolute, select }: Pick<ExportConfig, "n" | "threshold" | "absolute" | "select">,
): Uint8Array {
  if ((n === undefined) === (threshold === undefined)) {
    throw new UserError(
      `select ${select}: expected either n or threshold, found ${
        n === undefined ? "none" : "both"
      }`,
      2,
    );
  }
  return n === undefined
    ? thresholdElements(scores, threshold!, { absolute })
    : topnElements(scores, n, { absolute });
}

function required(
  config: Pick<ExportConfig, "n" | "threshold" | "select">,
  key: "n" | "threshold",
): number {
  const value = config[key];
  if (value !== undefined) return value;
  throw new UserError(`select ${config.select}: expected a number as ${key}, found none`, 2);
}

async function writeAs(
  format: Format,
  path: string,
  graph: GraphFile,
  config: ExportConfig,
): Promise<void> {
  const { shape, scores, mask } = graph;
  const { palette } = config;
  const circuit = circuitEdges(shape, scores, mask);
  switch (format) {
    case "neuronpedia":
      return await writeJsonAtomic(
        path,
        attributionGraph(shape, circuit, await promptOf(config, circuit.length)),
      );
    case "eap-ig":
      if (graph.dModel === undefined) {
        throw new UserError(
          `format: ${config.graph} is of EAP-IG's version 1, without d_model; choose eap-ig-1`,
          2,
        );
      }
      return await writeGraphJson(path, graph, 2);
    case "eap-ig-1":
      return await writeGraphJson(path, { shape, scores, mask, nodes: graph.nodes }, 1);
    case "dot":
      return await writeFileAtomic(path, circuitDot(shape, circuit, { palette }).dot);
    case "svg":
    case "png":
      if (!path.endsWith(`.${format}`)) {
        throw new UserError(`output: expected a name that ends in .${format}, found ${path}`, 2);
      }
      return await writeCircuitPicture(path, shape, circuit, {
        range: scoreRange(shape, scores),
        palette,
      });
  }
}

/** Returns what Neuronpedia shows about a circuit: the prompt in tokens, and where it comes from. */
async function promptOf({ graph, prompt, model, cache_dir }: ExportConfig, edges: number) {
  const step = basename(graph, ".json");
  const path = join(dirname(dirname(graph)), "summary.json");
  const summary = isFile(path) ? await readCircuitSummary(path) : undefined;
  const text = prompt ?? summary?.example.clean;
  const name = model ?? (summary && modelOf(summary));
  if (text === undefined || name === undefined) {
    throw new UserError(
      `${text === undefined ? "prompt" : "model"}: expected a value, since there is no ${path} ` +
        `to take it from`,
      2,
    );
  }
  const tokenizer = await tokenizerOf(name, step, cache_dir);
  const tokens = tokenTexts(
    tokenizer,
    promptIds(tokenizer, text, summary?.config?.prepend_bos === true),
  );
  const title = [summary?.model ?? name, summary?.task ?? [], step].flat();
  return {
    slug: title.join("-").replaceAll(/[^a-zA-Z0-9]+/g, "-").replaceAll(/^-|-$/g, ""),
    model: basename(name),
    tokens,
    position: tokens.length - 1,
    description: `${title.join(", ")}: ${edges} edges`,
  };
}

/** Returns the model whose weights the run loaded, as its settings name it. */
function modelOf(summary: CircuitSummary & { config?: Record<string, unknown> }): string {
  const { alt_model, model } = summary.config ?? {};
  return String(alt_model ?? model ?? summary.model);
}

/** Loads the tokenizer of the checkpoint; of the model itself if it has no such step. */
async function tokenizerOf(
  model: string,
  step: string,
  cacheDir: string | undefined,
): Promise<Tokenizer> {
  const folder = await resolveModel(model, { revision: `step${step}`, cacheDir })
    .catch(() => resolveModel(model, { cacheDir }));
  return await loadTokenizer(folder);
}
