/**
 * Reference values of transcoders in the forward pass:
 *
 *  forward.{set}.activations, reconstruction, error    `[layers, pos, …]`, first prompt, clean inputs; error: target − output
 *  forward.{set}.replaced_logits                       `[pos, V]`, first prompt, coders in the place of all MLPs
 *  forward.{set}.layers.{l0, mse, fvu, …}              over all prompts, clean inputs
 *  forward.{set}.{layers, all}.{ce, kl, ce_score}      one layer, or all, replaced; score (CE_zero − CE)/(CE_zero − CE_clean)
 *  forward.zero_ablated.{layers, all}.{ce, kl}         zeros in the place of the MLPs
 *  layouts.{folder}                                    reconstruction of the same coders in another file format
 */
import type { Prompts, RunOptions } from "../model/mod.ts";
import {
  type CoderRun,
  crossLayerReplacement,
  FitMeter,
  type FitQuality,
  replacement,
  replacementLosses,
  runCoders,
  type TokenLosses,
} from "../transcoders/mod.ts";
import type { Quantity } from "./reference_case.ts";
import type { TranscoderCase } from "./transcoder_case.ts";

/** float32 against float64, through two networks */
const TOLERANCE = 1e-4;
/** The denominator of the score is small. */
const SCORE_TOLERANCE = 1e-3;

/** How we compute a value of a case of transcoders. */
export type CoderQuantity = Quantity<TranscoderCase>;

/** Keeps what several quantities of a case need. */
const kept = new WeakMap<TranscoderCase, Map<string, Promise<unknown>>>();

function once<T>(c: TranscoderCase, key: string, compute: () => Promise<T>): Promise<T> {
  const known = kept.get(c) ?? new Map<string, Promise<unknown>>();
  kept.set(c, known);
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value as Promise<T>;
}

/** Runs a set on the first prompt. */
const firstRun = (c: TranscoderCase, set: string): Promise<CoderRun[]> =>
  once(c, `run ${set}`, async () => runCoders(c.model, await c.coders(set), [c.prompts[0]]));

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function ofFirstPrompt(name: string, value: (run: CoderRun) => Float32Array): CoderQuantity {
  return {
    name: `forward.*.${name}`,
    tolerance: TOLERANCE,
    compute: async (c, key) => joined((await firstRun(c, key.split(".")[1])).map(value)),
  };
}

/** Returns the options of a run with the coders of a set, or zeros, at some layers. */
async function replacing(
  c: TranscoderCase,
  set: string,
  layers: readonly number[],
  prompts: Prompts,
): Promise<RunOptions> {
  if (set === "zero_ablated") {
    return replacement(c.model, { zeros: layers.map((l) => `blocks.${l}.hook_mlp_out`) });
  }
  const coders = await c.coders(set);
  if (coders[0].config.kind === "cross_layer") {
    return (await crossLayerReplacement(c.model, coders, prompts, layers)).options;
  }
  return replacement(c.model, {
    coders: coders.filter(({ config }) => layers.includes(config.layer)),
  });
}

const layersOf = (c: TranscoderCase) =>
  Array.from({ length: c.model.config.nLayers }, (_, layer) => layer);

/** Returns the losses with these layers replaced; without any, those of the model itself. */
function losses(c: TranscoderCase, set: string, layers: readonly number[]): Promise<TokenLosses> {
  const single = c.prompts.map((prompt) => [prompt]);
  return once(
    c,
    `losses ${set} ${layers}`,
    () =>
      replacementLosses(
        c.model,
        single,
        (prompts) => layers.length === 0 ? {} : replacing(c, set, layers, prompts),
      ),
  );
}

function loss(name: "ce" | "kl" | "ce_score"): CoderQuantity[] {
  const value = async (c: TranscoderCase, set: string, layers: readonly number[]) => {
    const found = await losses(c, set, layers);
    if (name !== "ce_score") return found[name];
    const clean = await losses(c, "clean", []);
    const zero = await losses(c, "zero_ablated", layers);
    return (zero.ce - found.ce) / (zero.ce - clean.ce);
  };
  const tolerance = name === "ce_score" ? SCORE_TOLERANCE : TOLERANCE;
  return [{
    name: `forward.*.layers.${name}`,
    tolerance,
    async compute(c, key) {
      const set = key.split(".")[1], found: number[] = [];
      for (const layer of layersOf(c)) found.push(await value(c, set, [layer]));
      return Float32Array.from(found);
    },
  }, {
    name: `forward.*.all.${name}`,
    tolerance,
    compute: async (c, key) => Float32Array.of(await value(c, key.split(".")[1], layersOf(c))),
  }];
}

/** Returns the quality of every coder of a set over all prompts. */
function qualities(c: TranscoderCase, set: string): Promise<FitQuality[]> {
  return once(c, `quality ${set}`, async () => {
    const coders = await c.coders(set);
    const meters = coders.map(({ config: { features, dOut } }) =>
      new FitMeter(c.model.runtime, features, dOut)
    );
    for (const prompt of c.prompts) {
      const runs = await runCoders(c.model, coders, [prompt]);
      for (const [i, { activations, output, target }] of runs.entries()) {
        await meters[i].add(activations, output, target);
      }
    }
    return meters.map((meter) => meter.quality());
  });
}

const quality = (name: keyof FitQuality): CoderQuantity => ({
  name: `forward.*.layers.${name}`,
  tolerance: TOLERANCE,
  compute: async (c, key) =>
    Float32Array.from(await qualities(c, key.split(".")[1]), (found) => found[name]),
});

/** Quantities of transcoders. */
export const TRANSCODER_QUANTITIES: readonly CoderQuantity[] = [
  {
    name: "forward.clean_logits",
    tolerance: TOLERANCE,
    compute: async (c) => (await c.model.allLogits([c.prompts[0]])).data,
  },
  {
    name: "forward.ce_clean",
    tolerance: TOLERANCE,
    compute: async (c) => Float32Array.of((await losses(c, "clean", [])).ce),
  },
  ofFirstPrompt("activations", ({ activations }) => activations.data),
  ofFirstPrompt("reconstruction", ({ output }) => output.data),
  ofFirstPrompt("error", ({ output, target }) => target.data.map((y, i) => y - output.data[i])),
  {
    name: "forward.*.replaced_logits",
    tolerance: TOLERANCE,
    async compute(c, key) {
      const first = [c.prompts[0]];
      const options = await replacing(c, key.split(".")[1], layersOf(c), first);
      return (await c.model.allLogits(first, options)).data;
    },
  },
  ...(["l0", "mse", "fvu", "explained_variance_uncentred"] as const).map(quality),
  ...(["ce", "kl", "ce_score"] as const).flatMap(loss),
  {
    name: "layouts.*",
    tolerance: TOLERANCE,
    compute: async (c, key) =>
      joined((await firstRun(c, key.split(".")[1])).map(({ output }) => output.data)),
  },
];
