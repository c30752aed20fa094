/** The targets of a prompt's graph, as the settings choose them. */
import { UserError } from "../../base/mod.ts";
import {
  answerDifference,
  featureTarget,
  type GraphTarget,
  type LinearRun,
  logitTargets,
  neuronTarget,
} from "../../feature_circuits/mod.ts";
import type { FeatureModel } from "./feature_model.ts";
import type { AttributionGraphSettings } from "./graph_settings.ts";
import { answerToken, type FeaturePrompt, tokenText } from "./prompts.ts";

/**
 * Returns the targets of a prompt's graph.
 * @throws UserError if the target needs answers that the prompt does not have, or names a place that the model does not have.
 */
export async function graphTargets(
  run: LinearRun,
  { tokenizer }: Pick<FeatureModel, "tokenizer">,
  prompt: FeaturePrompt,
  settings: AttributionGraphSettings,
): Promise<GraphTarget[]> {
  const { correct, wrong } = prompt, known = correct.length > 0 && wrong.length > 0;
  const { target = known ? "difference" : "logits", logit_tokens } = settings;
  if (target === "difference") {
    if (!known) {
      throw new UserError("target: a difference needs correct and wrong, or a task's prompts", 2);
    }
    const name = (tokens: number[]) => {
      const texts = tokens.slice(0, 3).map((token) => JSON.stringify(tokenText(tokenizer, token)));
      return texts.join("/") + (tokens.length > 3 ? "/…" : "");
    };
    const made = await answerDifference(run, correct, wrong);
    return [{ ...made, label: `${name(correct)} − ${name(wrong)}` }];
  }
  if (target === "logits") {
    const tokens = logit_tokens.map((text) => answerToken(tokenizer, "logit_tokens", text));
    const chosen = await logitTargets(run, {
      most: settings.max_logits,
      probability: settings.logit_probability,
      tokens: tokens.length > 0 ? tokens : undefined,
    });
    return chosen.map((each) => ({
      ...each,
      label: `logit ${JSON.stringify(tokenText(tokenizer, each.token!))}`,
    }));
  }
  const { target_layer: layer, target_index: index, target_position: at = -1 } = settings;
  const n = run.tokens.length, position = at < 0 ? n + at : at;
  const { nLayers, dMlp } = run.model.config;
  const most = target === "feature" ? run.coders[layer!]?.config.features : dMlp;
  const check = (key: string, value: number, count: number) => {
    if (value >= 0 && value < count) return;
    throw new UserError(`${key}: ${value} does not exist; expected 0 … ${count - 1}`, 2);
  };
  check("target_layer", layer!, nLayers);
  check("target_index", index!, most);
  check("target_position", position, n);
  return [
    target === "feature"
      ? featureTarget(run, layer!, position, index!)
      : await neuronTarget(run.model, layer!, position, index!),
  ];
}
