/**
 * Circuits in features over training, for every set of coders and every task:
 *
 *  1. At each checkpoint, the circuit of each task (`circuits.ts`).
 *  2. At each checkpoint, the identity of features with those of the checkpoint before (`identity.ts`).
 *  3. At each checkpoint, presence and inputs of the features of the last circuit (`formation_entry.ts`), and what follows from
 *     all checkpoints (`answers.ts`).
 *
 * Each part has result files with an entry per checkpoint, so a stopped run continues with the part and the checkpoint where it
 * stopped.
 */
import { contentDigest, UserError } from "../../base/mod.ts";
import { FALSE_MATCHES, roleNames } from "../../feature_circuits/mod.ts";
import {
  type FeatureCircuitEntry,
  featureCircuits,
  featureFormations,
  featureIdentities,
  type FeatureIdentityEntry,
  type FormationAnswers,
  type FormationEntry,
  type ResultFile,
} from "../../results/mod.ts";
import { loadTask, type TaskData } from "../../tasks/mod.ts";
import { evaluationRows } from "../../transcoders/mod.ts";
import type { Experiment } from "../experiment.ts";
import { formationAnswers, type FormationRun } from "./answers.ts";
import { checkCoders } from "./checked_digest.ts";
import { featureTask, findFeatureCircuit } from "./circuits.ts";
import { type CoderSet, coderSets, openSet, stepsOf } from "./coder_sets.ts";
import { finalTracks, formationAt, trackRows } from "./formation_entry.ts";
import { identityAt, Profiles } from "./identity.ts";
import {
  type FeatureCircuitConfig,
  FREE_FOR_CIRCUITS,
  FREE_FOR_FORMATION,
  FREE_FOR_IDENTITY,
} from "./settings.ts";

/** What was found with one set of coders. */
export interface SetResults {
  /** the set */
  set: CoderSet;
  /** steps at which it has coders */
  steps: number[];
  /** identity of its features */
  identity: ResultFile<FeatureIdentityEntry>;
  /** by task */
  circuits: Map<string, ResultFile<FeatureCircuitEntry>>;
  /** by task; undefined where the model cannot do the task at the last step, or a checkpoint failed */
  answers: Map<string, FormationAnswers | undefined>;
}

/** Results of all sets. */
export interface FeatureCircuitResults {
  /** the main set first */
  sets: SetResults[];
  /** 1 if a checkpoint failed */
  exitCode: 0 | 1;
}

/** Runs all parts; see the header. @throws UserError if results on disk are of other coders or settings. */
export async function featureCircuitsOverTime(
  experiment: Experiment,
  config: FeatureCircuitConfig,
): Promise<FeatureCircuitResults> {
  const tasks = await tasksOf(experiment, config);
  const profiles = await textOf(experiment, config);
  const sets = coderSets(config), results: SetResults[] = [];
  let exitCode: 0 | 1 = 0;
  for (const set of sets) {
    const there = stepsOf(set);
    const steps = experiment.steps.filter((step) => there.includes(step));
    const others = set === sets[0] ? sets.filter(({ name }) => name.startsWith("seed")) : [];
    console.log(`set ${set.name}: ${set.pattern}, ${steps.length} checkpoints`);
    const run = { experiment, config, set, steps, tasks };
    const circuits = await findCircuits(run);
    const identity = await findIdentity(run, { experiment, config, profiles, set, others });
    const answers: SetResults["answers"] = new Map();
    if (circuits.failed || identity.failed) exitCode = 1;
    for (const data of tasks) {
      const file = circuits.files.get(data.task)!;
      const whole = steps.every((step) => file.has(step) && identity.file.has(step));
      const found = whole ? await findFormation(run, data, file, identity.file) : undefined;
      if (found?.failed) exitCode = 1;
      answers.set(data.task, found?.answers);
    }
    results.push({ set, steps, identity: identity.file, circuits: circuits.files, answers });
  }
  return { sets: results, exitCode };
}

/** Says at which checkpoints a run would find circuits, and where they would be. @returns the exit code, 0 */
export async function planFeatureCircuits(
  experiment: Experiment,
  config: FeatureCircuitConfig,
): Promise<number> {
  const tasks = await tasksOf(experiment, config);
  const files: ResultFile<FeatureCircuitEntry>[] = [];
  for (const set of coderSets(config)) {
    const there = stepsOf(set);
    const steps = experiment.steps.filter((step) => there.includes(step));
    console.log(`set ${set.name}: ${set.pattern}, ${steps.length} checkpoints`);
    files.push(...(await circuitFiles({ experiment, config, set, steps, tasks })).values());
  }
  return await experiment.plan((step) => files.every((file) => file.has(step)), files);
}

async function tasksOf({ tokenizer }: Experiment, config: FeatureCircuitConfig) {
  const tasks: TaskData[] = [];
  for (const task of config.tasks) {
    tasks.push(await loadTask(task, tokenizer, { n: config.n_prompts, seed: config.seed }));
  }
  return tasks;
}

/** What the parts of a set share. */
interface SetRun {
  experiment: Experiment;
  config: FeatureCircuitConfig;
  set: CoderSet;
  steps: readonly number[];
  tasks: readonly TaskData[];
}

async function textOf(experiment: Experiment, config: FeatureCircuitConfig): Promise<Profiles> {
  const { tokenizer, model: { maxPositions } } = experiment;
  const { rows } = await evaluationRows({
    tokenizer,
    rows: "packed",
    batch: 16,
    context: Math.min(config.context, maxPositions),
    tokens: config.text_tokens,
    fitTokens: 0,
    cacheDir: `${config.results_dir}/tokens`,
    seed: config.seed,
    excluded: tokenizer.eosId === undefined ? [] : [tokenizer.eosId],
  });
  return new Profiles(rows, config.seed);
}

async function circuitFiles({ experiment, set, tasks }: SetRun) {
  const files = new Map<string, ResultFile<FeatureCircuitEntry>>();
  for (const { task, prompts, metric } of tasks) {
    const file = await experiment.results(
      featureCircuits,
      {
        free: FREE_FOR_CIRCUITS,
        header: {
          task,
          set: set.name,
          metric: metric.name,
          roles: roleNames(prompts),
          n_prompts: prompts.length,
        },
      },
      task,
      set.name,
    );
    await checkCoders(file, set);
    files.set(task, file);
  }
  return files;
}

async function findCircuits(run: SetRun) {
  const { experiment, config, set, steps, tasks } = run;
  const files = await circuitFiles(run);
  const loop = await experiment.forEachCheckpoint(
    (step) => [...files.values()].every((file) => file.has(step)),
    async (step, model, progress) => {
      const coders = await openSet(set, step), lines: string[] = [];
      const stage = progress.begin("circuits", tasks.length);
      for (const data of tasks) {
        const file = files.get(data.task)!;
        if (!file.has(step)) {
          const task = featureTask(model, coders, data, config);
          await file.set(step, await findFeatureCircuit(task, config));
        }
        const { circuit } = file.get(step);
        lines.push(`${data.task} ${circuit ? `${circuit.nodes.length} nodes` : "not yet"}`);
        stage.advance();
      }
      return lines.join(", ");
    },
    steps,
  );
  return { files, failed: loop.failed.length > 0 };
}

async function findIdentity(
  { experiment, steps, set }: SetRun,
  run: Parameters<typeof identityAt>[0],
) {
  const file = await experiment.results(featureIdentities, {
    free: FREE_FOR_IDENTITY,
    settings: { steps },
    header: { set: set.name, false_matches: FALSE_MATCHES },
  }, set.name);
  await checkCoders(file, set);
  const loop = await experiment.forEachCheckpoint(
    (step) => file.has(step),
    async (step, model) => {
      const entry = await identityAt(run, step, model, steps[steps.indexOf(step) - 1]);
      await file.set(step, entry);
      const kept = entry.layers.map((layer) => layer.kept.length).join(" ");
      return entry.previous === null ? "first" : `kept ${kept}`;
    },
    steps,
  );
  return { file, failed: loop.failed.length > 0 };
}

async function findFormation(
  { experiment, config, set, steps }: SetRun,
  data: TaskData,
  circuits: ResultFile<FeatureCircuitEntry>,
  identities: ResultFile<FeatureIdentityEntry>,
): Promise<{ answers?: FormationAnswers; failed: boolean }> {
  const last = circuits.get(steps.at(-1)!).circuit;
  if (!last) return { failed: false };
  const identity = steps.map((step) => identities.get(step));
  const { tracks, edges } = finalTracks(last, identity);
  const run: FormationRun = {
    steps,
    tracks,
    edges,
    identity,
    circuits: steps.map((step) => circuits.get(step)),
    prompts: data.prompts.length,
  };
  let answers: FormationAnswers | undefined;
  const open = async (overwrite: boolean) =>
    await experiment.results(
      featureFormations,
      {
        free: FREE_FOR_FORMATION,
        settings: { steps, source_digest: await contentDigest([run.identity, run.circuits]) },
        header: { task: data.task, set: set.name, steps: [...steps], tracks },
        derive: (entries: readonly FormationEntry[]) => {
          if (entries.length < steps.length) return {};
          answers = formationAnswers(run, entries, config);
          return { answers };
        },
        overwrite,
      },
      data.task,
      set.name,
    );
  // what follows from other circuits is useless: replace it
  const file = await open(false).catch((error) => {
    if (!(error instanceof UserError)) throw error;
    return open(true);
  });
  const final = steps.length - 1;
  const lastRows = steps.every((step) => file.has(step))
    ? []
    : trackRows(tracks, await openSet(set, steps[final]), final);
  const loop = await experiment.forEachCheckpoint(
    (step) => file.has(step),
    async (step, model) => {
      const t = steps.indexOf(step);
      const task = featureTask(model, await openSet(set, step), data, config);
      await file.set(
        step,
        await formationAt(task, { tracks, edges }, identity[t], t, config.inputs, lastRows),
      );
      const there = tracks.filter(({ numbers }) => numbers[t] >= 0).length;
      return `${data.task}: ${there} of ${tracks.length} features are there`;
    },
    steps,
  );
  if (steps.every((step) => file.has(step))) {
    answers ??= formationAnswers(run, steps.map((step) => file.get(step)), config);
  }
  return { answers, failed: loop.failed.length > 0 };
}
