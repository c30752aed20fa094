/** What the features of one checkpoint do on text: how often they fire, and where most. */
import {
  attributionGraphSchema,
  type FeatureModel,
  openFeatureModel,
  tokenText,
} from "../utils/experiments/mod.ts";
import { type F32, tensor } from "../utils/onnx/mod.ts";
import { evaluationRows, runCoders, type TokenRows } from "../utils/transcoders/mod.ts";

/** Opens a checkpoint and its transcoders; "last" is the last step in the model's folder. */
export function openFeatures(
  model: string,
  step: number | "last",
  coders?: string,
): Promise<FeatureModel> {
  return openFeatureModel(attributionGraphSchema.parse({
    model,
    ...(step !== "last" && { step }),
    ...(coders !== undefined && { coders }),
  }));
}

/** Returns rows of held-out text: a file, by default the validation split of the embedded corpus. */
export async function textRows(
  { model, tokenizer }: FeatureModel,
  tokens: number,
  text?: string,
): Promise<TokenRows[]> {
  if (!tokenizer) throw new Error("the model has no tokenizer.json, so text cannot be read");
  const { rows } = await evaluationRows({
    tokenizer,
    text,
    rows: "packed",
    cacheDir: "results/tokens",
    batch: 16,
    context: Math.min(64, model.config.maxPositions),
    tokens,
    fitTokens: 1,
    seed: 42,
    excluded: tokenizer.eosId === undefined ? [] : [tokenizer.eosId],
  });
  return rows;
}

/** Returns 1 where a position counts, else 0, as a replacement takes it: `[batch, pos, 1]`. */
export function positionsThatCount({ prompts, pos, counted }: TokenRows): F32 {
  return tensor(Float32Array.from(counted), [prompts.length, pos, 1]);
}

/** Activations of a layer's features on text. */
export interface TextActivations {
  /** number of tokens that count */
  tokens: number;
  /** share of tokens on which each feature fires, `[features]` */
  frequency: Float64Array;
  /** activations of every batch, `[batch · pos, features]` */
  batches: { rows: TokenRows; activations: Float32Array }[];
}

/** Runs a layer's coder on text. */
export async function activationsOn(
  { model, coders }: FeatureModel,
  layer: number,
  text: readonly TokenRows[],
): Promise<TextActivations> {
  const { features } = coders[layer].config;
  const fired = new Float64Array(features);
  const batches: TextActivations["batches"] = [];
  let tokens = 0;
  for (const rows of text) {
    const [{ activations: { data } }] = await runCoders(model, [coders[layer]], rows.prompts);
    tokens += rows.count;
    data.forEach((value, i) => {
      if (value > 0 && rows.counted[Math.floor(i / features)]) fired[i % features]++;
    });
    batches.push({ rows, activations: data });
  }
  return { tokens, frequency: fired.map((count) => count / tokens), batches };
}

/** A place where a feature fires. */
export interface Example {
  activation: number;
  /** text before the token, the token, and text after it, of the same row */
  before: string;
  token: string;
  after: string;
}

/** Returns the places where a feature fires most, at most one per row, the strongest first. */
export function strongestExamples(
  { batches, frequency: { length: features } }: TextActivations,
  { tokenizer }: FeatureModel,
  feature: number,
  count: number,
): Example[] {
  const found: { activation: number; tokens: readonly number[]; at: number }[] = [];
  for (const { rows: { prompts, pos, counted }, activations } of batches) {
    prompts.forEach((tokens, n) => {
      let best = -1, activation = 0;
      for (let p = 0; p < tokens.length; p++) {
        const value = activations[(n * pos + p) * features + feature];
        if (counted[n * pos + p] && value > activation) [best, activation] = [p, value];
      }
      if (best >= 0) found.push({ activation, tokens: [...tokens], at: best });
    });
  }
  const text = (ids: readonly number[]) => ids.map((id) => tokenText(tokenizer, id)).join("");
  return found.sort((a, b) => b.activation - a.activation).slice(0, count)
    .map(({ activation, tokens, at }) => ({
      activation,
      before: text(tokens.slice(Math.max(0, at - 8), at)),
      token: tokenText(tokenizer, tokens[at]),
      after: text(tokens.slice(at + 1, at + 4)),
    }));
}

/** Returns a text as a cell of a Markdown table shows it: line breaks as ⏎, nothing that Markdown or HTML reads. */
export function asCell(text: string): string {
  return text.replaceAll("\n", "⏎").replace(
    /[&<>|*_`\\[\]]/g,
    (character) => `&#${character.codePointAt(0)};`,
  );
}
