/**
 * Makes the attribution graph of one prompt, prunes it, and writes it:
 *
 *     {folder}/{slug}.json            for Neuronpedia and circuit-tracer's viewer; `graph-metadata.json` lists the graphs
 *     {folder}/exact/{slug}.*         exactly, with biases: safetensors and JSON (`readGraph`); `.details.json` for the page
 */
import { join } from "@std/path";
import { UserError, writeJsonAtomic } from "../../base/mod.ts";
import {
  type AttributionGraph,
  attributionGraph,
  checkSlug,
  conservation,
  type GraphScores,
  graphScores,
  indexGraph,
  linearRun,
  neuronpediaGraph,
  type PrunedGraph,
  pruneGraph,
  writeGraph,
} from "../../feature_circuits/mod.ts";
import type { FeatureModel } from "./feature_model.ts";
import type { AttributionGraphSettings } from "./graph_settings.ts";
import { graphTargets } from "./graph_targets.ts";
import { detailsOf } from "./graph_details.ts";
import { errorShares, type PromptOutcome, promptOutcome } from "./graph_report.ts";
import { type FeaturePrompt, tokenText } from "./prompts.ts";

/** A graph that was made and written. */
export interface MadeGraph {
  /** the prompt */
  prompt: FeaturePrompt;
  /** the graph */
  graph: AttributionGraph;
  /** the pruned graph */
  pruned: PrunedGraph;
  /** scores of the whole graph */
  scores: GraphScores;
  /** largest difference of a row's sum and its value, of the largest value */
  conservation: number;
  /** share of each MLP's output that its coder misses on the prompt */
  errors: number[];
  /** what the model predicts */
  outcome: PromptOutcome;
  /** bytes of the edges */
  bytes: number;
  /** seconds from the run of the model to the written files */
  seconds: number;
  /** the file for Neuronpedia */
  path: string;
}

/** Returns the folder of a checkpoint's graphs. */
export const graphFolder = (
  { paths, step }: Pick<FeatureModel, "paths" | "step">,
  { output_dir }: Pick<AttributionGraphSettings, "output_dir">,
): string => output_dir ?? paths.attributionGraphs(step);

/**
 * Gives prompts the names of their files, all different.
 * @throws UserError if `slug` cannot be the name of a file.
 */
export function namedPrompts(prompts: readonly FeaturePrompt[], slug?: string): FeaturePrompt[] {
  if (slug === undefined) return [...prompts];
  try {
    checkSlug(slug);
  } catch (error) {
    throw new UserError((error as Error).message, 2);
  }
  return prompts.map((prompt, i) => ({
    ...prompt,
    slug: prompts.length === 1 ? slug : `${slug}-${i}`,
  }));
}

/** Makes, prunes and writes the graph of one prompt; see the header. */
export async function makeGraph(
  features: FeatureModel,
  prompt: FeaturePrompt,
  settings: AttributionGraphSettings,
): Promise<MadeGraph> {
  const start = performance.now();
  const { model, coders, tokenizer, source, name, step, digest, paths } = features;
  const ignore = settings.ignore_first ? [0] : [];
  const run = await linearRun(model, coders, prompt.tokens, { ignore });
  const targets = await graphTargets(run, features, prompt, settings);
  const graph = await attributionGraph(run, targets, {
    maxFeatures: settings.max_nodes,
    ownPositions: settings.position_node,
    memoryBudget: settings.graph_memory * 1e9,
  });
  const pruning = {
    nodeThreshold: settings.node_threshold,
    edgeThreshold: settings.edge_threshold,
  };
  const pruned = pruneGraph(graph, pruning), scores = graphScores(graph);
  const tokenTexts = prompt.tokens.map((token) => tokenText(tokenizer, token));
  const json = neuronpediaGraph(graph, pruned, {
    slug: prompt.slug,
    scan: settings.scan ?? paths.model,
    tokens: tokenTexts,
    prompt: prompt.text,
    tokenText: (token) => tokenText(tokenizer, token),
    vocabulary: model.config.vocabSize,
    pruning,
    ambiguousIds: settings.circuit_tracer_ids,
    metadata: {
      info: {
        description: `${name}, step ${step}: ${targets.map(({ label }) => label).join(", ")}`,
        generator: { name: "circuits-over-time", version: "1" },
      },
      generation_settings: {
        max_n_logits: settings.max_logits,
        desired_logit_prob: settings.logit_probability,
        ...(settings.max_nodes === undefined ? {} : { max_feature_nodes: settings.max_nodes }),
      },
      ...(settings.source_set === undefined
        ? {}
        : { feature_details: { neuronpedia_source_set: settings.source_set } }),
    },
  });
  const folder = graphFolder(features, settings), path = join(folder, `${prompt.slug}.json`);
  await writeGraph(join(folder, "exact", prompt.slug), graph, pruned, {
    prompt: prompt.text,
    tokenTexts,
    scores,
    settings: {
      model: name,
      step,
      coders: source,
      coders_digest: digest,
      node_threshold: settings.node_threshold,
      edge_threshold: settings.edge_threshold,
      ignore_first: settings.ignore_first,
      position_node: settings.position_node,
      max_nodes: settings.max_nodes ?? null,
      ...(tokenizer?.prependBos ? { prepend_bos: true } : {}),
    },
  });
  const details = await detailsOf(run, graph, pruned, {
    logits: settings.logit_lists,
    splits: settings.head_splits,
    tokenText: (token) => tokenText(tokenizer, token),
  });
  await writeJsonAtomic(join(folder, "exact", `${prompt.slug}.details.json`), details);
  await writeJsonAtomic(path, json);
  indexGraph(folder, json.metadata);
  const seconds = (performance.now() - start) / 1000;
  return {
    prompt,
    graph,
    pruned,
    scores,
    conservation: conservation(graph).ofLargest,
    errors: await errorShares(run),
    outcome: await promptOutcome(run, prompt),
    bytes: graph.edges.byteLength,
    seconds,
    path,
  };
}
