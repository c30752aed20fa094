/** Greedy paths on one prompt, the graph of them, and what it leaves out: the analysis `paths` of get_feature_paths.ts. */
import { UserError } from "../../base/mod.ts";
import {
  answerDifference,
  chainName,
  choosePaths,
  directionRoot,
  featureRoot,
  greedyPaths,
  linearRun,
  type NodeBalance,
  nodeBalances,
  nodeName,
  overTokens,
  parseFilter,
  parseFilters,
  type Path,
  type PathEdge,
  pathGraph,
  type PathNode,
  type PathRun,
  pathRun,
  targetRoot,
  topEnds,
  type TopNode,
} from "../../feature_circuits/mod.ts";
import type { FeatureModel } from "./feature_model.ts";
import type { FeaturePathSettings } from "./path_settings.ts";
import type { FeaturePrompt } from "./prompts.ts";

/** Paths on one prompt. */
export interface PromptPaths {
  /** the root */
  root: PathNode;
  /** paths by length, 2 first */
  lists: Path[][];
  /** those that the settings choose, of all lengths */
  chosen: Path[];
  /** ends with the largest sums */
  top: TopNode[];
  /** edges of the graph of the chosen paths; empty under a cap, since capped values do not add up */
  edges: PathEdge[];
  /** what each node of that graph receives, listed or not */
  balances: NodeBalance[];
}

/**
 * Searches the paths of a prompt.
 * @throws UserError naming a feature or position that does not exist, or answers that are missing.
 */
export async function promptPaths(
  { model, coders }: Pick<FeatureModel, "model" | "coders">,
  prompt: FeaturePrompt,
  settings: FeaturePathSettings,
): Promise<PromptPaths> {
  const { iterations, branches, cap, first_source, infix, not_infix, suffix } = settings;
  const prepared = await pathRun(await linearRun(model, coders, prompt.tokens));
  const root = await rootOf(prepared, prompt, settings);
  const lists = greedyPaths(prepared, root, {
    iterations,
    branches,
    cap,
    ignoreFirst: !first_source,
    filter: settings.filter.trim() === "" ? undefined : parseFilter(settings.filter),
  });
  const filters = (text?: string) => text === undefined ? undefined : parseFilters(text);
  const chosen = choosePaths(lists, {
    infix: filters(infix),
    notInfix: filters(not_infix),
    suffix: filters(suffix),
  });
  const top = topEnds([chosen], { count: settings.k, token: !settings.sum_tokens });
  if (chosen.some((path) => path.some(({ capped }) => capped))) {
    return { root, lists, chosen, top, edges: [], balances: [] };
  }
  const graph = pathGraph(chosen);
  const edges = settings.sum_tokens ? overTokens(graph) : graph.edges;
  return { root, lists, chosen, top, edges, balances: nodeBalances(prepared, graph) };
}

async function rootOf(
  prepared: PathRun,
  { tokens, correct, wrong }: FeaturePrompt,
  { root, layer, feature, position }: FeaturePathSettings,
): Promise<PathNode> {
  const kind = root ?? (feature === undefined ? "difference" : "feature");
  if (kind === "feature") {
    const at = position < 0 ? tokens.length + position : position;
    try {
      return featureRoot(prepared, layer!, feature!, at);
    } catch (error) {
      throw new UserError((error as Error).message, 2);
    }
  }
  if (correct.length === 0 || wrong.length === 0) {
    throw new UserError(
      "paths: give layer and feature, or right and wrong answers (correct and wrong, or a task's prompts)",
      2,
    );
  }
  const target = await answerDifference(prepared.run, correct, wrong);
  return kind === "direction"
    ? directionRoot(prepared.run, target.vector, tokens.length - 1)
    : await targetRoot(prepared.run, target);
}

/** Returns paths as a result file holds them. */
export function pathsJson(
  { root, lists, chosen, top, edges, balances }: PromptPaths,
): Record<string, unknown> {
  const node = (each: PathNode) => ({
    name: nodeName(each),
    chain: chainName(each),
    layer: each.layer,
    sublayer: each.sublayer,
    token: each.token,
    contribution: each.contribution ?? null,
    capped: each.capped,
    error: each.error,
  });
  return {
    root: node(root),
    lists: lists.map((list) => list.map((path) => path.map(node))),
    chosen: chosen.map((path) => path.map((each) => nodeName(each))),
    top,
    edges,
    balances,
  };
}
