/** The shape of the model that settings describe. */
import { UserError } from "../base/mod.ts";
import { type ModelConfig, parseModelConfig } from "../model/mod.ts";
import { neoxConfigJson } from "./checkpoint_writer.ts";
import type { TrainingConfig } from "./settings.ts";

/** Positions that the config of a checkpoint allows; rotary attention has no table that would end. */
const MAX_POSITIONS = 256;

/**
 * Returns the shape of the model that settings describe.
 * @throws Error naming what does not fit.
 */
export function trainedModelConfig(c: TrainingConfig, vocabSize: number): ModelConfig {
  if (c.width % c.heads !== 0) {
    throw new UserError(`heads: ${c.heads} heads do not divide the width ${c.width} evenly`, 2);
  }
  const dHead = c.width / c.heads;
  const config: ModelConfig = {
    architecture: "gpt_neox",
    nLayers: c.layers,
    nHeads: c.heads,
    dModel: c.width,
    dHead,
    dMlp: c.mlp_width,
    vocabSize,
    maxPositions: Math.max(MAX_POSITIONS, c.context),
    parallel: true,
    rotaryDims: Math.floor(dHead * c.rotary_pct),
    rotaryBase: c.rotary_base,
    layerNormEps: 1e-5,
    activation: "gelu",
    tied: false,
  };
  return parseModelConfig(neoxConfigJson(config), "training settings");
}
