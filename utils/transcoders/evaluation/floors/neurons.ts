/**
 * The MLP's own neurons as features: of each row the `k` with the largest |activation| · ‖w_out‖ write to the output, all
 * others give 0:
 *
 *     ŷ = Σ_{i ∈ top k} a_i w_out,i + b
 *
 * b is fitted, as a coder's bias is. With k = the number of neurons this is the MLP itself.
 */
import {
  abs,
  add,
  type F32,
  gatherElements,
  linear,
  mul,
  scatterAdd,
  tensor,
  topK,
  type Value,
} from "../../../onnx/mod.ts";
import {
  BATCH,
  defineSplice,
  type HookedModel,
  hookName,
  POS,
  refuseTraits,
  type SplicedLayer,
  spliceHookName,
  type SpliceScope,
  storedOutIn,
} from "../../../model/mod.ts";
import type { CoderConfig } from "../../coder.ts";
import { type CoderPoint, coderPoints, pointValue, replacedValue } from "../../splices/mod.ts";
import type { CleanRun } from "../clean_run.ts";
import type { StandIn, StandInOutput } from "../stand_in.ts";

interface NeuronSettings {
  /** neurons that write at each position */
  k: number;
  neurons: number;
  width: number;
  /** whether the stored output weight is `[d, m]` */
  outIn: boolean;
  output: CoderPoint;
}

const topNeurons = defineSplice(
  "top_neurons",
  ({ k, neurons, width, outIn, output }: NeuronSettings) => ({
    weights: {
      W_out: outIn ? [width, neurons] : [neurons, width],
      norms: [neurons],
      bias: [width],
      positions: [BATCH, POS, 1],
    },
    reads: ["mlp.hook_post"],
    points: ["hook_acts", "hook_out"],
    at: {
      hook_mlp_out: (computed: Value, { weights: w, read, at, rms }: SpliceScope) => {
        const post = read("mlp.hook_post");
        const { indices } = topK(mul(abs(post), w.norms), k);
        const chosen = gatherElements(post, indices, -1);
        const kept = at("hook_acts", scatterAdd(mul(post, 0), indices, chosen, -1));
        const written = linear(kept, w.W_out, outIn);
        const made = at("hook_out", add(pointValue(output, () => written, rms), w.bias));
        return replacedValue(output, computed, made, w.positions);
      },
    },
  }),
);

/** Tells whether neurons can take a coder's place: it gives the output of an MLP. */
export function isMlpOutput({ layer, outputHook }: CoderConfig): boolean {
  return outputHook === hookName(layer, "hook_mlp_out");
}

/** The neurons of one layer. */
interface LayerNeurons {
  config: CoderConfig;
  k: number;
  W_out: F32;
  norms: F32;
  outIn: boolean;
}

/** Real neurons in the places of coders. Fit the biases before use: {@link NeuronFloor.biases} are 0 at first. */
export class NeuronFloor implements StandIn {
  /** number of neurons at each place */
  readonly features: readonly number[];
  /** bias b at each place, `[d]` */
  readonly biases: F32[];

  private constructor(
    private readonly model: HookedModel,
    private readonly layers: readonly LayerNeurons[],
  ) {
    this.features = layers.map(({ norms }) => norms.data.length);
    this.biases = layers.map(({ config: { dOut } }) => tensor(new Float32Array(dOut), [dOut]));
  }

  /**
   * Reads the output weights of the MLPs.
   * @param configs coders that give outputs of MLPs; see {@link isMlpOutput}
   * @param ks neurons that write at each position, by coder; at most all
   */
  static async open(
    model: HookedModel,
    configs: readonly CoderConfig[],
    ks: readonly number[],
  ): Promise<NeuronFloor> {
    refuseTraits(model.config, "the floor of single neurons", { postNorm: true });
    const outIn = storedOutIn(model.config);
    const layers: LayerNeurons[] = [];
    for (const [i, config] of configs.entries()) {
      const { out_w } = await model.weights.layer(config.layer);
      const { dMlp: m } = model.config;
      const sums = new Float64Array(m);
      out_w.data.forEach((w, at) => {
        sums[outIn ? at % m : Math.floor(at / config.dOut)] += w * w;
      });
      const norms = tensor(Float32Array.from(sums, Math.sqrt), [m]);
      layers.push({ config, k: Math.max(1, Math.min(ks[i], m)), W_out: out_w, norms, outIn });
    }
    return new NeuronFloor(model, layers);
  }

  #splice(i: number, positions: F32): SplicedLayer {
    const { config, k, W_out, norms, outIn } = this.layers[i];
    const { output } = coderPoints(config);
    const neurons = norms.data.length;
    return {
      layer: config.layer,
      splice: topNeurons({ k, neurons, width: config.dOut, outIn, output }),
      weights: { W_out, norms, bias: this.biases[i], positions },
    };
  }

  /** Returns the outputs in the clean model, and the activations that take part. */
  async outputs({ rows: { prompts }, positions }: CleanRun): Promise<StandInOutput[]> {
    // A splice that replaces nowhere reads what it would give.
    const nowhere = tensor(new Float32Array(positions.data.length), [...positions.shape]);
    const splices = this.layers.map((_, i) => this.#splice(i, nowhere));
    const names = this.layers.map(({ config: { layer } }) =>
      ["hook_acts", "hook_out"].map((point) => spliceHookName(layer, "top_neurons", point))
    );
    const { hooks } = await this.model.run(prompts, { splices, read: names.flat() });
    return names.map(([acts, out]) => ({
      activations: hooks.get(acts)!,
      output: hooks.get(out)!,
    }));
  }

  /** Returns the options of a run in which these neurons alone write, at the positions that count. */
  propagating({ positions }: CleanRun): Promise<{ splices: SplicedLayer[] }> {
    return Promise.resolve({ splices: this.layers.map((_, i) => this.#splice(i, positions)) });
  }
}
