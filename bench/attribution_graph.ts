/**
 * Times exact attribution graphs and greedy paths (`utils/feature_circuits`): of the graph all nodes of one prompt of 20 tokens, with ten logits as targets,
 * from the forward pass on. Model and coders are random; TopK fixes the number of active features, and so the size of the graph.
 *
 * The rate counts the products of the walk alone: 4d² for each row, position and layer that the row goes through. The matrix
 * products that it is compared with run before and after.
 */
import { type Bench, peakRssMb, randomPrompts, timed } from "./case.ts";
import { HookedModel, type ModelConfig, randomSource, Runtime } from "../utils/model/mod.ts";
import { tensor } from "../utils/onnx/mod.ts";
import { type Coder, coderShapes } from "../utils/transcoders/mod.ts";
import { MatmulRate } from "../utils/training/mod.ts";
import {
  type AttributionGraph,
  attributionGraph,
  conservation,
  featureRoot,
  greedyPaths,
  linearRun,
  logitTargets,
  nodeCount,
  pathRun,
} from "../utils/feature_circuits/mod.ts";
import { median } from "../utils/base/mod.ts";

/** Tokens of the prompt. */
const TOKENS = 20;
/** Rows of the products that the rate is measured with. */
const RATE_ROWS = 2048;
/** Targets. */
const LOGITS = 10;

/** Features of a coder, and how many are active at a position, by width of the model. */
function coderSize(d: number): { features: number; active: number } {
  return d === 768 ? { features: 24_576, active: 50 } : { features: 16 * d, active: 16 };
}

/** Returns seeded normal numbers. */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const next =
    () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0, (state + 0.5) / 2 ** 32);
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}

/** Returns random TopK coders of the bare normalised vector. */
function randomCoders({ nLayers, dModel: d }: ModelConfig): Coder[] {
  const { features, active } = coderSize(d);
  return Array.from({ length: nLayers }, (_, layer): Coder => {
    const config: Coder["config"] = {
      kind: "transcoder",
      activation: { name: "topk", k: active },
      dIn: d,
      dOut: d,
      features,
      skip: false,
      layer,
      inputHook: `blocks.${layer}.ln2.hook_normalized`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
      inputConvention: "raw",
      metadata: {},
    };
    const next = normals(layer + 1);
    const made = Object.entries(coderShapes(config)).map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (shape.length > 1) {
        for (let i = 0; i < data.length; i++) data[i] = next() / Math.sqrt(d);
      }
      return [name, tensor(data, shape)];
    });
    return { config, weights: Object.fromEntries(made) };
  });
}

/** Returns the operations of the walk's products for a graph. */
function walkFlops({ features, targets, layers, tokens }: AttributionGraph, d: number): number {
  let total = targets.length * layers * tokens.length;
  for (let i = 0; i < features.length; i += 3) total += features[i] * (features[i + 1] + 1);
  return 4 * d * d * total;
}

export const benches: Bench[] = [{
  name: "attribution_graph",
  description: "all nodes of one prompt's attribution graph, random coders: nodes, seconds a node",
  shapes: ["pythia-nano", "gpt2-small"],
  prompts: [1],
  async measure(config, { repeats, threads }) {
    const { dModel: d, vocabSize } = config;
    const model = HookedModel.fromSource(randomSource(config), {
      runtime: new Runtime({ threads }),
    });
    const coders = randomCoders(config);
    const [prompt] = randomPrompts(1, TOKENS, vocabSize);
    let graph: AttributionGraph | undefined;
    const once = async () => {
      graph = undefined;
      const run = await linearRun(model, coders, prompt);
      graph = await attributionGraph(
        run,
        await logitTargets(run, { most: LOGITS, probability: 1 }),
      );
    };
    // The small graph is compiled first; the large one takes longer than its compilation by far.
    const times = d === 768 ? 1 : repeats;
    if (times > 1) await once();
    const rate = await MatmulRate.compile({ o: [d, d] }, RATE_ROWS, { threads });
    const seconds: number[] = [], shares: number[] = [];
    for (let i = 0; i < times; i++) {
      const before = await rate.sample();
      seconds.push(await timed(once));
      const flops = walkFlops(graph!, d), after = await rate.sample();
      shares.push(flops / seconds[i] / ((before + after) / 2));
    }
    await rate.release();
    const nodes = nodeCount(graph!), flops = walkFlops(graph!, d);
    const taken = median(seconds);
    const { ofOwn } = conservation(graph!);
    return {
      tokens: TOKENS,
      seconds: taken,
      flops,
      ofMatmulRate: median(shares),
      peakRssMb: peakRssMb(),
      weightsMb: (model.weights.totalBytes +
        coders.reduce((sum, { weights }) => sum + 8 * weights.W_enc.data.length, 0)) / 2 ** 20,
      more: { nodes, seconds_per_node: taken / nodes, conservation: ofOwn },
    };
  },
}, {
  name: "feature_paths",
  description: "greedy paths to a feature of the last layer: three extensions of fifteen branches",
  shapes: ["pythia-nano", "gpt2-small"],
  prompts: [1],
  async measure(config, { repeats, threads }) {
    const { nLayers, vocabSize } = config;
    const model = HookedModel.fromSource(randomSource(config), {
      runtime: new Runtime({ threads }),
    });
    const coders = randomCoders(config);
    const [prompt] = randomPrompts(1, TOKENS, vocabSize);
    let paths = 0;
    const once = async () => {
      const prepared = await pathRun(await linearRun(model, coders, prompt));
      const { count, places } = prepared.run.features;
      const feature = places[3 * count - 1];
      const root = featureRoot(prepared, nLayers - 1, feature, TOKENS - 1);
      paths = greedyPaths(prepared, root, { iterations: 3, branches: 15 }).flat().length;
    };
    await once();
    const seconds: number[] = [];
    for (let i = 0; i < repeats; i++) seconds.push(await timed(once));
    const encoders = coders.reduce((sum, { weights }) => sum + weights.W_enc.data.length, 0);
    const layers = config.nLayers * 12 * config.dModel ** 2;
    return {
      tokens: TOKENS,
      seconds: median(seconds),
      // Two passes of the model, and the coders' encoders; the search itself is not made of matrix products.
      flops: 2 * TOKENS * (2 * layers + encoders),
      peakRssMb: peakRssMb(),
      weightsMb: (model.weights.totalBytes + 8 * encoders) / 2 ** 20,
      more: { paths },
    };
  },
}];
