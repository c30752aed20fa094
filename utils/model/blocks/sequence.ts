/** Makes the feeds that all layers of a run share: causal mask and rotary tables, for positions `past … past+pos−1`. */
import { type Feeds, type Graph, type Tensor, tensor } from "../../onnx/mod.ts";
import type { SequenceInputs } from "./context.ts";
import type { ModelConfig } from "../config.ts";
import { POS } from "./hooks.ts";

/** Declares the causal mask and, for rotary models, the rotary tables as inputs of a block graph. */
export function sequenceInputs(g: Graph, config: ModelConfig, past: boolean): SequenceInputs {
  const mask = g.input("causal_mask", [POS, past ? `past+${POS}` : POS]);
  if (config.rotaryDims === 0) return { mask };
  const table = (name: string) => g.input(name, [POS, config.rotaryDims / 2]);
  return { mask, cos: table("rotary_cos"), sin: table("rotary_sin") };
}

/** Returns the values of the shared inputs for `pos` positions after `past` earlier ones. */
export function sequenceFeeds(config: ModelConfig, pos: number, past = 0): Feeds {
  const mask = new Float32Array(pos * (past + pos));
  for (let i = 0; i < pos; i++) {
    mask.fill(-Infinity, i * (past + pos) + past + i + 1, (i + 1) * (past + pos));
  }
  const feeds: Feeds = { causal_mask: tensor(mask, [pos, past + pos]) };
  if (config.rotaryDims > 0) Object.assign(feeds, rotaryTables(config, pos, past));
  return feeds;
}

/** Returns cos and sin of `position · base^(−2i/rotaryDims)`, each `[pos, rotaryDims/2]`. */
function rotaryTables(config: ModelConfig, pos: number, past: number): Record<string, Tensor> {
  const { rotaryDims, rotaryBase } = config;
  const half = rotaryDims / 2;
  const angles = Array.from(
    { length: pos * half },
    (_, at) => (past + Math.floor(at / half)) * rotaryBase ** (-2 * (at % half) / rotaryDims),
  );
  const table = (f: (angle: number) => number) => tensor(Float32Array.from(angles, f), [pos, half]);
  return { rotary_cos: table(Math.cos), rotary_sin: table(Math.sin) };
}
