/** What get_attribution_graph.ts prints about a graph: its strongest paths, and reasons not to trust it. */
import {
  type AttributionGraph,
  type GraphScores,
  type LinearRun,
  type PrunedGraph,
  strongestPaths,
} from "../../feature_circuits/mod.ts";
import { runCoders } from "../../transcoders/mod.ts";
import type { FeatureModel } from "./feature_model.ts";
import { type FeaturePrompt, tokenText } from "./prompts.ts";

/** Below this the errors of the coders say more than their features. */
const POOR_REPLACEMENT = 0.3;
const POOR_COMPLETENESS = 0.5;
/** Share of an MLP's output above which its coder fails on the prompt; random coders miss all of it, or add to it. */
const LARGE_ERROR = 0.3;
/** Probability below which the most probable token is hardly a prediction. */
const UNSURE = 0.05;
/** Share of the features' influence that a cap may leave out without a warning. */
const MUCH_LEFT_OUT = 0.1;

/** Returns the name of a node for people: `3.514@12`, `error 3@12`, `" Mary"@4`, the label of a target. */
export function nodeLabel(
  graph: AttributionGraph,
  node: number,
  { tokenizer }: Pick<FeatureModel, "tokenizer">,
): string {
  const { activations: { length: K }, features, tokens, layers, targets } = graph;
  const n = tokens.length;
  if (node < K) {
    const [layer, position, feature] = features.subarray(3 * node, 3 * node + 3);
    return `${layer}.${feature}@${position}`;
  }
  const at = node - K, layer = Math.floor(at / n), position = at % n;
  if (layer < layers) return `error ${layer}@${position}`;
  if (layer > layers) return targets[at - (layers + 1) * n].label;
  return `${JSON.stringify(tokenText(tokenizer, tokens[position]))}@${position}`;
}

/** Returns the strongest paths of a pruned graph, one line each, with their share of all paths. */
export function pathLines(
  graph: AttributionGraph,
  pruned: PrunedGraph,
  count: number,
  texts: Pick<FeatureModel, "tokenizer">,
): string[] {
  const all = graph.targets.reduce((sum, { weight }) => sum + weight, 0);
  return strongestPaths(graph, pruned, count).map(({ nodes, weight, sign }) => {
    const names = nodes.map((node) => nodeLabel(graph, node, texts)).join(" <- ");
    return `${(100 * weight / all).toFixed(1).padStart(5)} % ${sign < 0 ? "−" : "+"}  ${names}`;
  });
}

/** What is measured of the model on a prompt. */
export interface PromptOutcome {
  /** most probable next token */
  top: number;
  /** its probability */
  probability: number;
  /** mean logit of the right answers less that of the wrong ones, where they are known */
  difference?: number;
}

/** Measures what the model predicts after a prompt. */
export async function promptOutcome(
  { model }: Pick<LinearRun, "model">,
  { tokens, correct, wrong }: FeaturePrompt,
): Promise<PromptOutcome> {
  const { data } = await model.logits([tokens], [tokens.length - 1]);
  const top = data.reduce((best, x, i) => x > data[best] ? i : best, 0);
  const total = data.reduce((sum, x) => sum + Math.exp(x - data[top]), 0);
  const mean = (list: number[]) => list.reduce((sum, t) => sum + data[t], 0) / list.length;
  const known = correct.length > 0 && wrong.length > 0;
  return {
    top,
    probability: 1 / total,
    difference: known ? mean(correct) - mean(wrong) : undefined,
  };
}

/**
 * Returns the share of each MLP's output on a prompt that its coder does not give: `Σ‖y − ŷ‖² / Σ‖y‖²` over the positions
 * that are not ignored, `[L]`.
 */
export async function errorShares(
  { model, coders, tokens, ignored }: Pick<LinearRun, "model" | "coders" | "tokens" | "ignored">,
): Promise<number[]> {
  const runs = await runCoders(model, coders, [[...tokens]]);
  return runs.map(({ target, output }) => {
    let error = 0, all = 0;
    const d = target.data.length / tokens.length;
    target.data.forEach((y, i) => {
      if (ignored.includes(Math.floor(i / d))) return;
      error += (y - output.data[i]) ** 2;
      all += y * y;
    });
    return all === 0 ? 0 : error / all;
  });
}

/** What is known of a graph when it is judged. */
export interface JudgedGraph {
  /** the graph */
  graph: AttributionGraph;
  /** its scores */
  scores: GraphScores;
  /** what the model predicts */
  outcome: PromptOutcome;
  /** errors of the coders, {@link errorShares} */
  errors: readonly number[];
}

/** Returns reasons not to trust a graph, one line each; none for a good one. */
export function graphWarnings(
  { graph, scores, outcome: { top, probability, difference }, errors }: JudgedGraph,
  { tokenizer }: Pick<FeatureModel, "tokenizer">,
): string[] {
  const found: string[] = [];
  const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
  if (graph.activations.length === 0) {
    found.push("no feature is active: the coders see nothing here");
  }
  const poor = Array.from(errors.keys()).filter((layer) => errors[layer] > LARGE_ERROR);
  if (poor.length > 0) {
    const list = poor.map((layer) => `${percent(errors[layer])} of MLP ${layer}`).join(", ");
    found.push(`poor coders for this prompt: they miss ${list}; read the features with care`);
  }
  if (scores.replacement < POOR_REPLACEMENT || scores.completeness < POOR_COMPLETENESS) {
    found.push(
      `errors carry ${percent(1 - scores.replacement)} of the influence ` +
        `(completeness ${scores.completeness.toFixed(2)}): the features explain little`,
    );
  }
  if (difference !== undefined && difference <= 0) {
    found.push(
      `the model does not prefer the right answer (logit difference ${difference.toFixed(2)}): ` +
        "the graph shows how it fails",
    );
  }
  if (difference === undefined && probability < UNSURE) {
    found.push(
      `the model is unsure: its most probable token, ${
        JSON.stringify(tokenText(tokenizer, top))
      }, has probability ${probability.toFixed(3)}`,
    );
  }
  const { leftOut } = graph;
  if (leftOut && leftOut.influence > MUCH_LEFT_OUT) {
    found.push(
      `max_nodes left out ${leftOut.features} features with ${
        percent(leftOut.influence)
      } of the features' influence`,
    );
  }
  return found;
}
