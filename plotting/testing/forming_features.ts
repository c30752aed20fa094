/** Makes up result files of feature circuits, for tests of the feature explorer. */
import { join } from "@std/path";
import type { FeatureRun } from "../feature_explorer/page_data.ts";
import { readFeatureRuns } from "../feature_explorer/read.ts";
import type { StoredDashboards } from "../dashboards/mod.ts";
import { madeUpDashboards } from "./made_up_dashboards.ts";
import { inFolder } from "./small_series.ts";

/** What the files hold; tests change parts of it before they write it. */
export interface FormingFeatures {
  circuits: ReturnType<typeof circuitsFile>;
  identity: ReturnType<typeof identityFile>;
  formation: ReturnType<typeof formationFile>;
}

const STEPS = [10, 20, 40];
const ROLES = ["start", "END"];

const node = (layer: number, role: string, feature: number | null, effect: number) => ({
  ...{ layer, role, feature, effect },
  interval: [effect - 0.1, effect + 0.1],
});

function circuitsFile(task: string, set: string) {
  const able = (
    coders_digest: string,
    nodes: ReturnType<typeof node>[],
    edges: [number, number | null, number][],
  ) => ({
    metric: 1.5,
    interval: [1.2, 1.8],
    accuracy: 0.9,
    coders_digest,
    circuit: {
      ...{ empty: 0.1, reached: true, faithfulness: 0.82, normalized: 0.81, stability: 0.5, nodes },
      edges: edges.map(([source, target, share]) => ({
        ...{ source, target },
        shares: [share - 0.02, share + 0.02, share, share],
        // 2 of 10 parts pass no head, 7 pass head 1 of layer 0, and 1 is not listed
        direct: 0.2 * share,
        heads: [0, 1, 0.7 * share],
      })),
      curve: [{ size: 3, faithfulness: 0.82, normalized: 0.81 }],
      random: [{ size: 2, faithfulness: 0.05, normalized: 0.04 }, {
        ...{ size: 99, faithfulness: 0.9, normalized: 0.9 },
      }],
    },
  });
  return {
    format: "circuits-over-time/feature-circuits/1",
    config: { threshold: 0.8, edge_share: 0.01, max_edges: 150 },
    ...{ model: "nano", task, set, metric: "logit_diff", roles: ROLES, n_prompts: 4 },
    checkpoints: {
      "10": {
        ...{ metric: -0.1, interval: [-0.4, 0.2], accuracy: 0.4, coders_digest: "0" },
        circuit: null,
      } as ReturnType<typeof able> | (Omit<ReturnType<typeof able>, "circuit"> & { circuit: null }),
      // slots: 0.1→0.2 (chain), 1.7, the error of layer 1
      "20": able("a", [
        node(0, "start", 1, 0.5),
        node(1, "END", 7, -0.3),
        node(1, "END", null, 0.2),
      ], [[0, 1, 0.4], [1, null, -0.2]]),
      "40": able("b", [
        node(0, "start", 2, 0.6),
        node(1, "END", 7, -0.4),
        node(1, "END", 9, 0.1),
      ], [[0, 1, 0.5], [0, 2, 0.3], [1, null, -0.25]]),
    },
    weights: {},
  };
}

function identityFile(set: string) {
  const layer = (kept: [number, number, number][], born: number[], dead: number[]) => ({
    ...{
      threshold: 0.3,
      permuted: 0.3,
      other_model: null,
      kept,
      born,
      dead,
      split: [],
      merged: [],
    },
    ...{ effects: [], reproduced: {} as Record<string, number> },
    ...(kept.length > 0 && { cosines: kept.map(([, , s]) => s + 0.1) }),
  });
  return {
    format: "circuits-over-time/feature-identity/1",
    ...{ config: {}, model: "nano", set, false_matches: 0.01 },
    checkpoints: {
      "10": {
        ...{ previous: null as number | null, coders_digest: "0" },
        layers: [layer([], [1, 4], []), layer([], [3], [])],
      },
      "20": {
        ...{ previous: 10 as number | null, coders_digest: "a" },
        layers: [layer([[1, 1, 0.7]], [5], [4]), layer([], [7], [3])],
      },
      "40": {
        ...{ previous: 20 as number | null, coders_digest: "b" },
        layers: [layer([[1, 2, 0.6]], [], [5]), layer([[7, 7, 0.8]], [9], [])],
      },
    },
    weights: {},
  };
}

function formationFile(task: string, set: string) {
  const token = (share: number) => ({
    layer: -1,
    role: "start",
    feature: -1,
    shares: [share, share, share, share],
  });
  const from = (layer: number, role: string, feature: number | null, share: number) => ({
    ...{ layer, role, feature },
    shares: [share, share, share, share],
  });
  return {
    format: "circuits-over-time/feature-formation/1",
    ...{ config: {}, model: "nano", task, set, steps: STEPS },
    tracks: [
      { layer: 0, role: "start", numbers: [1, 1, 2] },
      { layer: 1, role: "END", numbers: [-1, 7, 7] },
      { layer: 1, role: "END", numbers: [-1, -1, 9] },
    ],
    checkpoints: {
      "10": {
        presence: [[0.1, 0.1, 0.1, 0.1], [], []],
        inputs: [[token(0.9)], [], []],
        last_cosines: [0.25, null, null],
      },
      "20": {
        presence: [[0.2, 0.2, 0.2, 0.2], [0.1, 0.3, 0.1, 0.3], []],
        inputs: [[token(0.8)], [from(0, "start", 1, 0.4), from(0, "END", null, -0.1)], []],
        last_cosines: [0.75, 0.5, null],
      },
      "40": {
        presence: [[0.4, 0.4, 0.4, 0.4], [0.3, 0.3, 0.3, 0.3], [0.1, 0.1, 0.1, 0.1]],
        inputs: [
          [token(0.7)],
          [from(0, "start", 2, 0.5), from(0, "END", 6, 0.05)],
          [from(0, "start", 2, 0.3)],
        ],
        last_cosines: [1, 1, 1],
      },
    },
    answers: {
      lags: null,
      edges: [
        {
          ...{ source: 0, target: 1, series: [0, 0.4, 0.5], appear: [20, 20, 20] },
          lag: { mean: 0, interval: [0, 0] },
        },
        {
          ...{ source: 0, target: 2, series: [0, 0, 0.3], appear: [20, 40, 40] },
          lag: { mean: 0.25, interval: [0, 0.5] },
        },
      ],
      transitions: [
        { from: 10, to: 20, rewiring: null, growth: null },
        {
          ...{ from: 20, to: 40, growth: null },
          rewiring: {
            ...{ features: 2, ceiling: 0.9, floor: 0.2 },
            overlap: { mean: 0.6, interval: [0.5, 0.7] },
            from_kept: { mean: 0.8, interval: [0.7, 0.9] },
          },
        },
      ],
    },
    weights: {},
  };
}

/** Returns the files of a task and set of a model with two layers at steps 10, 20 and 40; at step 10 it cannot do the task. */
export function formingFeatures(task = "sva", set = "main"): FormingFeatures {
  return {
    circuits: circuitsFile(task, set),
    identity: identityFile(set),
    formation: formationFile(task, set),
  };
}

/** Writes the files below a folder, as the experiment does. */
export async function writeFeatures(folder: string, files: FormingFeatures): Promise<void> {
  const { circuits, identity, formation } = files, { task, set } = circuits;
  const at = join(folder, circuits.model, task.replaceAll(/[^\w]/g, "_"), set);
  await Deno.mkdir(at, { recursive: true });
  await Deno.mkdir(join(folder, circuits.model, "identity"), { recursive: true });
  await Deno.writeTextFile(join(at, "circuits.json"), JSON.stringify(circuits));
  await Deno.writeTextFile(join(at, "formation.json"), JSON.stringify(formation));
  await Deno.writeTextFile(
    join(folder, circuits.model, "identity", `${set}.json`),
    JSON.stringify(identity),
  );
}

/** Returns dashboards of the coders at steps 20 and 40. A feature's examples have their peak at the place of its number. */
export function formingDashboards(): StoredDashboards[] {
  return [["a", 20], ["b", 40]].map(([digest, step]) => {
    const made = madeUpDashboards(12), [entry] = made.entries.values();
    return {
      ...made,
      header: { ...made.header, step: Number(step) },
      entries: new Map([[Number(step), { ...entry, coders_digest: String(digest) }]]),
    };
  });
}

/** Returns the runs of two tasks, one of them in two sets. */
export async function formingRuns(): Promise<FeatureRun[]> {
  let runs: FeatureRun[] = [];
  await inFolder(async (folder) => {
    for (const [task, set] of [["sva", "main"], ["sva", "seed1"], ["ioi", "main"]]) {
      await writeFeatures(folder, formingFeatures(task, set));
    }
    runs = await readFeatureRuns([folder]);
  });
  return runs;
}
