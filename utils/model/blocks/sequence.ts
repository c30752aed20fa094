/**
 * Makes the feeds that layers of a run share: causal mask and rotary tables, for positions `past … past+pos−1`.
 *
 * Where some layers are local (each query sees the last few keys only), these have a mask and tables of their own. A graph
 * of one layer declares one set and is fed the layer's; a graph of several layers declares both.
 */
import {
  type Feeds,
  type Graph,
  rotaryEmbedding,
  type Tensor,
  tensor,
  type Value,
} from "../../onnx/mod.ts";
import type { SequenceInputs } from "./context.ts";
import type { ModelConfig } from "../config.ts";
import { POS } from "./hooks.ts";

/** Returns whether a layer is local in a model that also has layers that are not. */
export function isLocalAmongOthers({ llama }: ModelConfig, layer: number): boolean {
  return llama !== undefined && llama.local[layer] && llama.local.includes(false);
}

/**
 * Declares the causal mask and, for rotary models, the rotary tables as inputs of a block graph.
 * @param local whether to declare those of local layers, for graphs of several layers
 */
export function sequenceInputs(
  g: Graph,
  config: ModelConfig,
  past: boolean,
  local = false,
): SequenceInputs {
  const input = (name: string, shape: (string | number)[]) => {
    const full = local ? `local.${name}` : name;
    return g.inputs.get(full) ?? g.input(full, shape);
  };
  const mask = input("causal_mask", [POS, past ? `past+${POS}` : POS]);
  if (config.rotaryDims === 0) return { mask };
  const table = (name: string) => input(name, [POS, config.rotaryDims / 2]);
  return { mask, cos: table("rotary_cos"), sin: table("rotary_sin") };
}

/**
 * Returns the values of the shared inputs for `pos` positions after `past` earlier ones.
 * @param layer layer of a graph of one layer; default: the feeds of all layers
 */
export function sequenceFeeds(config: ModelConfig, pos: number, past = 0, layer?: number): Feeds {
  const { llama } = config;
  const mixed = llama?.local.includes(true) && llama.local.includes(false);
  const local = mixed ? layer !== undefined && llama!.local[layer] : llama?.local[0] ?? false;
  const feeds = feedsOf(config, pos, past, local);
  if (!mixed || layer !== undefined) return feeds;
  const ofLocal = Object.entries(feedsOf(config, pos, past, true));
  return { ...feeds, ...Object.fromEntries(ofLocal.map(([name, t]) => [`local.${name}`, t])) };
}

/** Rotates queries or keys `[batch, heads, pos, d_head]`; leaves them in a model without rotary positions. */
export function rotate(x: Value, { cos, sin }: SequenceInputs): Value {
  return cos && sin ? rotaryEmbedding(x, cos, sin) : x;
}

function feedsOf(config: ModelConfig, pos: number, past: number, local: boolean): Feeds {
  const keys = past + pos;
  const mask = new Float32Array(pos * keys);
  for (let i = 0; i < pos; i++) {
    mask.fill(-Infinity, i * keys + past + i + 1, (i + 1) * keys);
    if (local) {
      mask.fill(-Infinity, i * keys, i * keys + Math.max(0, past + i + 1 - config.llama!.window!));
    }
  }
  const feeds: Feeds = { causal_mask: tensor(mask, [pos, keys]) };
  if (config.rotaryDims > 0) Object.assign(feeds, rotaryTables(config, pos, past, local));
  return feeds;
}

/** Returns cos and sin of `position · frequency i`, each `[pos, rotaryDims/2]`. */
function rotaryTables(
  config: ModelConfig,
  pos: number,
  past: number,
  local: boolean,
): Record<string, Tensor> {
  const half = config.rotaryDims / 2;
  const frequencies = rotaryFrequencies(config, local);
  const angles = Array.from(
    { length: pos * half },
    (_, at) => (past + Math.floor(at / half)) * frequencies[at % half],
  );
  const table = (f: (angle: number) => number) => tensor(Float32Array.from(angles, f), [pos, half]);
  return { rotary_cos: table(Math.cos), rotary_sin: table(Math.sin) };
}

/**
 * Returns `base^(−2i/rotaryDims)`, scaled where the model says so. Llama 3 keeps frequencies of short wavelengths, divides
 * those of long ones, and blends between: with wavelength λ and s = (original/λ − low)/(high − low) cut to 0 … 1,
 * f becomes `(1 − s)·f/factor + s·f` (Llama 3.1's model code).
 */
export function rotaryFrequencies(config: ModelConfig, local = false): number[] {
  const { rotaryDims, rotaryBase, llama } = config;
  const own = local ? llama?.localRotaryBase : undefined;
  const base = own ?? rotaryBase;
  const scaling = own === undefined ? llama?.rotaryScaling : undefined;
  return Array.from({ length: rotaryDims / 2 }, (_, i) => {
    const f = base ** (-2 * i / rotaryDims);
    if (!scaling) return f;
    const { factor } = scaling;
    if (scaling.type === "linear") return f / factor;
    const turns = scaling.original * f / (2 * Math.PI);
    const s = Math.min(1, Math.max(0, (turns - scaling.low) / (scaling.high - scaling.low)));
    return (1 - s) * f / factor + s * f;
  });
}
