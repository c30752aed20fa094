/** Files of trainings of coders, and of graphs of features. */
import { join } from "@std/path";
import { readGraph, writeGraph } from "../../../utils/feature_circuits/files/graph_files.ts";
import { indexGraph } from "../../../utils/feature_circuits/files/graph_index.ts";
import { finishedSets } from "../../../utils/experiments/transcoders/guard.ts";
import { initialState, layoutOf, TrainingLog } from "../../../utils/training/mod.ts";
import { readState, writeState } from "../../../utils/training/state_file.ts";
import type { FuzzKind } from "./kind.ts";
import { mutateJson, mutateSafetensors, mutateText } from "./mutations.ts";

const layout = layoutOf([{ name: "W", shape: [3, 4] }]);
const carried = layoutOf([{ name: "since", shape: [3] }]);
const SETTINGS = { lr: 0.1, nested: { list: [1, 2] } };

const FINGERPRINT = { lr: 0.1, layers: [0] };
const START = { kind: "random" };
const RECORD = {
  format: "circuits-over-time/coder-training/1",
  settings: FINGERPRINT,
  model: { name: "m", step: 5, weights: "abc" },
  tokens: 10,
  steps: 2,
  start: START,
  final: { "0": { loss: 0.5 } },
};

/** A graph of one feature, one token and one target. */
const makeGraph = (folder: string) =>
  writeGraph(
    join(folder, "graph"),
    {
      tokens: [3],
      layers: 1,
      features: Int32Array.of(0, 0, 2),
      activations: Float32Array.of(1.5),
      targets: [{
        label: "x",
        hook: "logits",
        position: 0,
        weight: 1,
        vector: Float32Array.of(1, 2),
      }],
      biases: [{ origin: "b_dec", layer: 0 }],
      columns: 4,
      edges: new Float32Array(8).fill(0.5),
      values: Float64Array.of(1, 2),
    } as unknown as Parameters<typeof writeGraph>[1],
    {
      influence: new Float64Array(4),
      shares: new Float64Array(4),
      nodes: new Uint8Array(4),
      edges: Int32Array.of(3, 0),
    },
    {
      prompt: "a",
      tokenTexts: ["a"],
      settings: { model: "m" },
      scores: { replacement: 0.5, completeness: 0.7 },
    },
  );

const graphKind = (file: string, mutate: FuzzKind["mutate"]): FuzzKind => ({
  file,
  make: makeGraph,
  mutate,
  read: (folder) => readGraph(join(folder, "graph")),
});

const METADATA = {
  slug: "a",
  scan: "m",
  prompt_tokens: ["a"],
  prompt: "a",
} as unknown as Parameters<
  typeof indexGraph
>[1];

/** Kinds of files around coders. */
export const FEATURE_KINDS: Record<string, FuzzKind> = {
  "training state": {
    file: "state.safetensors",
    async make(folder) {
      const state = initialState(new Float32Array(12).fill(0.5), ["m", "v"], carried);
      await writeState(join(folder, this.file), { ...state, step: 4 }, SETTINGS);
    },
    mutate: mutateSafetensors,
    read: (folder) =>
      readState(join(folder, "state.safetensors"), SETTINGS, layout, ["m", "v"], carried),
  },
  "training log": {
    file: "log.jsonl",
    make: (folder) =>
      Deno.writeTextFile(join(folder, "log.jsonl"), '{"step": 1, "loss": 0.5}\n{"step": 2}\n'),
    mutate: mutateText,
    read: (folder) => TrainingLog.upTo(join(folder, "log.jsonl"), 1),
  },
  "TRAINING.json": {
    file: "step5/TRAINING.json",
    async make(folder) {
      await Deno.mkdir(join(folder, "step5"));
      await Deno.writeTextFile(join(folder, this.file), JSON.stringify(RECORD));
    },
    mutate: mutateJson,
    read: (folder) =>
      finishedSets({
        plan: { outputDir: folder, workDir: folder, fingerprint: FINGERPRINT } as never,
        steps: [5],
        starts: new Map([[5, START as never]]),
        weights: new Map([[5, "abc"]]),
      }),
  },
  "attribution graph, JSON": graphKind("graph.json", mutateJson),
  "attribution graph, safetensors": graphKind("graph.safetensors", mutateSafetensors),
  "graph-metadata.json": {
    file: "graph-metadata.json",
    // deno-lint-ignore require-await -- the index is written in one step
    make: async (folder) => indexGraph(folder, METADATA),
    mutate: mutateJson,
    // deno-lint-ignore require-await -- the index is written in one step
    read: async (folder) => indexGraph(folder, { ...METADATA, slug: "b" }),
  },
};
