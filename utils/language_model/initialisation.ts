/**
 * The weights before training, as GPT-NeoX starts Pythia (`init_method: small_init`, `output_layer_init_method:
 * wang_init`): normal with
 *
 *   σ = √(2 / 5d)      embeddings and the matrices that read the residual stream (Nguyen & Salazar 2019)
 *   σ = 2 / (L √d)     the two matrices per layer that write to it (Wang & Komatsuzaki, GPT-J)
 *
 * LayerNorm weights 1, all biases 0. Every tensor has its own generator, named by the seed and its name, so the values of
 * one do not depend on how many others there are.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { ModelConfig } from "../model/mod.ts";
import { hashText, rngFor } from "../text/mod.ts";
import { viewOf } from "../training/mod.ts";
import { modelParameters, parameterCount } from "./parameters.ts";

/** Returns the standard deviation of a weight matrix by its feed name. */
export function initialDeviation(feed: string, { dModel, nLayers }: ModelConfig): number {
  const writesResidual = feed === "o_w" || feed === "out_w";
  return writesResidual ? 2 / (nLayers * Math.sqrt(dModel)) : Math.sqrt(2 / (5 * dModel));
}

/** Returns the parameter vector before training; the same for the same seed. */
export function initialParameters(config: ModelConfig, seed: number): Float32Array<ArrayBuffer> {
  const parameters = modelParameters(config);
  const vector = new Float32Array(parameterCount(parameters));
  for (const parameter of parameters) {
    const { feed, shape, name } = parameter;
    const view = viewOf(vector, parameter);
    if (shape.length === 2) fillNormal(view, initialDeviation(feed, config), seed, name);
    else if (feed.startsWith("ln") && feed.endsWith("_w")) view.fill(1);
  }
  return vector;
}

/** Fills a view with normal draws by Box & Muller (1958): two uniforms make two normals. */
function fillNormal(view: Float32Array, deviation: number, seed: number, name: string): void {
  const rng = rngFor(seed, hashText(name));
  const uniform = () => (uniformInt(rng, 0, 0x7ffffffe) + 0.5) / 0x7fffffff;
  for (let i = 0; i < view.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    view[i] = radius * Math.cos(angle);
    if (i + 1 < view.length) view[i + 1] = radius * Math.sin(angle);
  }
}
