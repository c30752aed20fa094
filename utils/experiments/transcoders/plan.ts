/**
 * What follows from settings and model: the coders to train, their steps, the rows of the buffer, and what determines the
 * result. It is the same for all checkpoints.
 */
import { join } from "@std/path";
import { resultSettings } from "../../cli/mod.ts";
import { UserError } from "../../base/mod.ts";
import { type ModelConfig, refuseTraits } from "../../model/mod.ts";
import { ResultPaths } from "../../results/mod.ts";
import { blockRows, hookWidth, splitHook, type Tap } from "../../transcoders/mod.ts";
import { RECORDED_MODEL, type TranscoderSettings, unrecorded } from "./settings.ts";

/** A training of coders, the same at all checkpoints. */
export interface Plan {
  /** as the user gave them */
  settings: TranscoderSettings;
  /** one per coder */
  taps: readonly Tap[];
  /** features of each coder, in the order of `taps` */
  features: readonly number[];
  /** training steps */
  steps: number;
  /** rows of the shuffled buffer */
  blockRows: number;
  /** folder of the coders */
  outputDir: string;
  /** folder of logs and states */
  workDir: string;
  /** what determines the coders of a checkpoint besides the model's weights */
  fingerprint: Record<string, unknown>;
}

/**
 * Makes the plan.
 * @throws UserError naming the setting that does not fit the model.
 */
export function planOf(settings: TranscoderSettings, model: ModelConfig): Plan {
  const taps = tapsOf(settings, model);
  const { train_batch_size: batch, total_training_tokens, context_size } = settings;
  if (context_size > model.maxPositions) {
    throw new UserError(
      `context_size: ${settings.model} has ${model.maxPositions} positions, found ${context_size}`,
      2,
    );
  }
  const features = taps.map(({ dIn }) =>
    settings.features ?? Math.round(settings.expansion_factor * dIn)
  );
  if (settings.activation === "topk") {
    const fewest = Math.min(...features);
    if (settings.k > fewest) {
      throw new UserError(`k: expected at most ${fewest}, the features; found ${settings.k}`, 2);
    }
  }
  const steps = Math.floor(total_training_tokens / batch);
  const passes = settings.n_batches_in_buffer;
  const rows = blockRows(taps, {
    batch,
    steps,
    budget: settings.memory_budget * 1e9,
    wanted: passes && passes * settings.store_batch_size * context_size,
  });
  const { model: name } = new ResultPaths("results", settings.model);
  return {
    ...{ settings, taps, features, steps },
    blockRows: rows,
    outputDir: settings.output_dir ?? join("results", "transcoders", name),
    workDir: settings.work_dir ?? join("results", "training", "transcoders", name),
    fingerprint: {
      ...resultSettings({ ...settings }, unrecorded(settings), RECORDED_MODEL),
      layers: taps.map(({ layer }) => layer),
      features: features.length > 0 && features.every((n) => n === features[0])
        ? features[0]
        : features,
      buffer_rows: rows,
    },
  };
}

/** Returns whether attention and MLP read a normalised residual stream (all but OLMo 2). */
const readsNorms = ({ llama }: ModelConfig): boolean => llama?.preNorm !== false;

/** Returns the hook point of what an MLP reads. */
const readByMlp = (model: ModelConfig): string =>
  readsNorms(model) ? "blocks.{l}.mlp.hook_in" : "blocks.{l}.hook_mlp_in";

function tapsOf(settings: TranscoderSettings, model: ModelConfig): Tap[] {
  const { kind, input_convention: inputConvention, hook_point_head_index } = settings;
  if (settings.start.startsWith("mlp")) {
    refuseTraits(model, `start "${settings.start}"`, { gated: true });
  }
  const head = hook_point_head_index ?? undefined;
  const mlpOut = "blocks.{l}.hook_mlp_out";
  const input = settings.hook_point ??
    (kind === "sae" ? mlpOut : readByMlp(model));
  const output = kind === "sae" ? input : settings.out_hook_point ?? mlpOut;
  const named = splitHook(input)?.layer;
  const layers = settings.layers ??
    (named === undefined ? Array.from({ length: model.nLayers }, (_, l) => l) : [named]);
  const unique = [...new Set(layers)].sort((a, b) => a - b);
  const beyond = unique.find((layer) => layer >= model.nLayers);
  if (unique.length === 0 || beyond !== undefined) {
    throw new UserError(
      `layers: expected some of 0 … ${model.nLayers - 1}, found [${layers.join(", ")}]`,
      2,
    );
  }
  return unique.map((layer) => {
    const at = (key: string, hook: string) => {
      const name = hook.replaceAll("{l}", String(layer));
      if (splitHook(name)?.layer !== layer) {
        throw new UserError(
          `${key}: "${hook}" is not in layer ${layer}; write {l} for the layer, or leave out layers`,
          2,
        );
      }
      if (!readsNorms(model) && /\.(ln[12]\.[^.]+|mlp\.hook_in)$/.test(name)) {
        throw new UserError(
          `${key}: "${name}": attention and MLP of ${model.architecture} models read the residual stream without a norm; ` +
            `expected ${readByMlp(model)}`,
          2,
        );
      }
      try {
        return { name, width: hookWidth(name, model, head) };
      } catch (cause) {
        throw new UserError(`${key}: ${(cause as Error).message}`, 2, { cause });
      }
    };
    const [x, y] = [at("hook_point", input), at("out_hook_point", output)];
    return {
      layer,
      inputHook: x.name,
      outputHook: y.name,
      ...(head === undefined ? {} : { head }),
      inputConvention,
      dIn: x.width,
      dOut: y.width,
    };
  });
}
