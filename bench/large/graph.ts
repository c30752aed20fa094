/**
 * Selection and files of graphs with millions of edges, from random scores: 3.1 million at the shape of Pythia 12b, 11.9
 * million at that of NeoX 20b. No weights are involved.
 *
 *   select      greedy order of 400 edges, mask and pruning
 *   top_n       order of all edges
 *   evaluate    planning of a run of 8 circuits: what each uses
 *   json        graph file in EAP-IG's format, written in parts
 *   tensors     graph file as float16 tensors, written and read back
 *
 * The peak memory includes the scores, 4 bytes per cell, and 100 MiB of the program.
 */
import { join } from "@std/path";
import {
  circuitBatches,
  circuitShape,
  countEdges,
  edgeCount,
  greedyOrder,
  maskOf,
  nBackward,
  pruneCircuit,
  randomScores,
  readGraph,
  topnOrder,
  writeGraph,
} from "../../utils/circuits/mod.ts";
import type { ModelConfig } from "../../utils/model/mod.ts";
import { type Bench, type BenchCase, type Measurement, peakRssMb, timed } from "../case.ts";

const EDGES = 400;

async function measure(config: ModelConfig, { kind }: BenchCase): Promise<Measurement> {
  const shape = circuitShape(config);
  const { dModel } = config;
  const scores = Float32Array.from(randomScores(shape, 1));
  // Every source that is taken brings its edges from the input, so that pruning leaves paths.
  for (let v = 0; v < nBackward(shape); v++) scores[v] += 1;
  const order = greedyOrder(shape, scores, { limit: EDGES });
  const mask = pruneCircuit(shape, maskOf(shape, order, EDGES));
  const before = peakRssMb();
  const more: Record<string, number> = { edges: edgeCount(shape), circuit: countEdges(mask) };
  const folder = await Deno.makeTempDir();
  const path = join(folder, `graph.${kind === "tensors" ? "safetensors" : "json"}`);
  const run: Record<string, () => Promise<void>> = {
    select: async () => {
      await Promise.resolve();
      pruneCircuit(shape, maskOf(shape, greedyOrder(shape, scores, { limit: EDGES }), EDGES));
    },
    top_n: async () => {
      await Promise.resolve();
      topnOrder(shape, scores);
    },
    evaluate: async () => {
      await Promise.resolve();
      const sizes = Array.from({ length: 8 }, (_, i) => EDGES - 10 * i);
      const masks = sizes.map((n) => pruneCircuit(shape, maskOf(shape, order, n)));
      more.groups = [...circuitBatches(shape, masks, () => true)].length;
    },
    json: () => writeGraph(path, { shape, scores, mask, dModel }, 2),
    tensors: () => writeGraph(path, { shape, scores, mask, dModel }, "safetensors"),
  };
  try {
    const seconds = await timed(run[kind!]);
    if (kind === "json" || kind === "tensors") more.file_mb = (await Deno.stat(path)).size / 1e6;
    if (kind === "tensors") more.read_seconds = await timed(() => readGraph(path));
    more.peak_before_mb = before;
    return { tokens: 0, seconds, flops: 0, peakRssMb: peakRssMb(), weightsMb: 0, more };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export const benches: Bench[] = [{
  name: "large_graph",
  description: "selection and files of graphs with millions of edges",
  shapes: ["pythia-12b", "neox-20b"],
  prompts: [0],
  kinds: ["select", "top_n", "evaluate", "json", "tensors"],
  measure,
}];
