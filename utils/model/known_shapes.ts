/**
 * Shapes of the models that have a short name, so that an estimate needs no download: Pythia (Biderman et al. 2023, table
 * 1) and GPT-2 (Radford et al. 2019, table 2). Their files hold float16 and float32, and a causal mask for each layer.
 */
import type { ModelConfig } from "./config.ts";

/** A shape, and the size of its weight file. */
export interface KnownShape {
  /** sizes and variants */
  config: ModelConfig;
  /** bytes of an element in the file of weights */
  elementBytes: number;
  /** bytes of masks, which the file holds beside the weights */
  maskBytes: number;
}

/** Layers, heads, width and rows of the unembedding by Pythia's size. */
const PYTHIA: Record<string, [number, number, number, number?]> = {
  "14m": [6, 4, 128],
  "31m": [6, 8, 256],
  "70m": [6, 8, 512],
  "160m": [12, 12, 768],
  "410m": [24, 16, 1024],
  "1b": [16, 8, 2048],
  "1.4b": [24, 16, 2048],
  "2.8b": [32, 32, 2560],
  "6.9b": [32, 32, 4096, 50432],
  "12b": [36, 40, 5120, 50688],
};

/** Layers, heads and width of GPT-2's sizes. */
const GPT2: Record<string, [number, number, number]> = {
  gpt2: [12, 12, 768],
  "gpt2-medium": [24, 16, 1024],
  "gpt2-large": [36, 20, 1280],
  "gpt2-xl": [48, 25, 1600],
};

/** Returns the shape of a Pythia from its layers, heads, width and rows of the unembedding. */
export function pythiaShape(
  nLayers: number,
  nHeads: number,
  dModel: number,
  vocabSize = 50304,
): ModelConfig {
  const dHead = dModel / nHeads;
  return {
    ...{ architecture: "gpt_neox", nLayers, nHeads, dModel, dHead, dMlp: 4 * dModel, vocabSize },
    ...{ maxPositions: 2048, parallel: true, rotaryDims: dHead / 4, rotaryBase: 10000 },
    ...{ layerNormEps: 1e-5, activation: "gelu", tied: false },
  };
}

/** Returns the shape of a repository on the Hub by its name; undefined for one that is not known. */
export function knownShape(repo: string): KnownShape | undefined {
  const size = /^EleutherAI\/pythia-([\d.]+[mb])(?:-|$)/.exec(repo)?.[1];
  if (size !== undefined && Object.hasOwn(PYTHIA, size)) {
    const [nLayers, nHeads, dModel, vocabSize] = PYTHIA[size];
    return {
      config: pythiaShape(nLayers, nHeads, dModel, vocabSize),
      elementBytes: 2,
      maskBytes: nLayers * 2048 ** 2,
    };
  }
  const name = /^(?:openai-community\/)?(gpt2(?:-\w+)?)$/.exec(repo)?.[1];
  if (name === undefined || !Object.hasOwn(GPT2, name)) return undefined;
  const [nLayers, nHeads, dModel] = GPT2[name];
  return {
    config: {
      ...{ architecture: "gpt2", nLayers, nHeads, dModel, dHead: dModel / nHeads },
      ...{ dMlp: 4 * dModel, vocabSize: 50257, maxPositions: 1024, parallel: false, rotaryDims: 0 },
      ...{ rotaryBase: 10000, layerNormEps: 1e-5, activation: "gelu_tanh", tied: true },
    },
    elementBytes: 4,
    maskBytes: nLayers * 4 * 1024 ** 2,
  };
}
