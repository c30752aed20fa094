/** Prints what was found: the circuits of each task and set, the identity of features, and the three answers. */
import { type Column, printTable } from "../../cli/mod.ts";
import type { FeatureIdentityEntry, FormationAnswers } from "../../results/mod.ts";
import { printSeeds } from "./seed_table.ts";
import type { FeatureCircuitResults, SetResults } from "./run.ts";

/** Prints all tables. */
export function printFeatureCircuits({ sets }: FeatureCircuitResults): void {
  for (const found of sets) {
    for (const task of found.circuits.keys()) printCircuits(found, task);
    printIdentity(found);
  }
  printLags(sets);
  printTransitions(sets);
  printSeeds(sets);
}

function printCircuits({ set, circuits }: SetResults, task: string): void {
  const file = circuits.get(task)!;
  console.log(`\n${task}, set ${set.name}: the circuit in features`);
  const circuit = (step: number) => file.get(step).circuit ?? undefined;
  const control = (step: number) => {
    const found = circuit(step);
    return found?.random.find(({ size }) => size === found.nodes.length)?.normalized;
  };
  printTable<number>([
    { header: "step", value: (step) => step },
    { header: "metric", value: (step) => file.get(step).metric, digits: 3 },
    { header: "accuracy", value: (step) => file.get(step).accuracy, digits: 2 },
    { header: "nodes", value: (step) => circuit(step)?.nodes.length ?? "not able" },
    { header: "errors", value: (step) => circuit(step)?.nodes.filter(isError).length },
    { header: "edges", value: (step) => circuit(step)?.edges.length },
    { header: "faithfulness", value: (step) => circuit(step)?.faithfulness, digits: 3 },
    { header: "normalized", value: (step) => circuit(step)?.normalized, digits: 3 },
    { header: "random", value: control, digits: 3 },
    { header: "stability", value: (step) => circuit(step)?.stability, digits: 2 },
  ], file.steps());
}

const isError = ({ feature }: { feature: number | null }) => feature === null;

function printIdentity({ set, identity }: SetResults): void {
  console.log(`\nset ${set.name}: features from checkpoint to checkpoint, all layers`);
  const sum = (of: (layer: FeatureIdentityEntry["layers"][number]) => number) => (step: number) =>
    identity.get(step).layers.reduce((total, layer) => total + of(layer), 0);
  const alive = (layer: FeatureIdentityEntry["layers"][number]) =>
    layer.kept.length + layer.born.length;
  const names = new Set(
    identity.steps().flatMap((step) =>
      identity.get(step).layers.flatMap(({ reproduced }) => Object.keys(reproduced))
    ),
  );
  printTable<number>([
    { header: "step", value: (step) => step },
    { header: "firing", value: sum(alive) },
    { header: "kept", value: sum(({ kept }) => kept.length) },
    { header: "born", value: sum(({ born }) => born.length) },
    { header: "dead", value: sum(({ dead }) => dead.length) },
    { header: "split", value: sum(({ split }) => split.length) },
    { header: "merged", value: sum(({ merged }) => merged.length) },
    {
      header: "threshold",
      value: (step) => sum(({ threshold }) => threshold)(step) / identity.get(step).layers.length,
      digits: 2,
    },
    ...[...names].map((name): Column<number> => ({
      header: `in ${name}`,
      value: (step) =>
        sum((layer) => alive(layer) * (layer.reproduced[name] ?? 0))(step) / sum(alive)(step),
      digits: 2,
    })),
  ], identity.steps());
}

interface Row {
  set: string;
  task: string;
  answers: FormationAnswers;
}

const rowsOf = (sets: readonly SetResults[]): Row[] =>
  sets.flatMap(({ set, answers }) =>
    [...answers].flatMap(([task, found]) => found ? [{ set: set.name, task, answers: found }] : [])
  ).sort((a, b) => a.task < b.task ? -1 : Number(a.task > b.task));

/** Formats a mean and its interval. */
export function withInterval(
  { mean, interval: [low, high] }: { mean: number; interval: [number, number] },
  digits = 2,
): string {
  return `${mean.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

function printLags(sets: readonly SetResults[]): void {
  console.log("\n1. Do edges appear after their features? Lags after the later feature, 95 %");
  printTable<Row>([
    { header: "task", value: ({ task }) => task },
    { header: "set", value: ({ set }) => set },
    { header: "edges", value: ({ answers: { lags } }) => lags?.count },
    {
      header: "lag, checkpoints",
      value: ({ answers: { lags } }) => lags ? withInterval(lags.checkpoints) : undefined,
    },
    {
      header: "steps",
      value: ({ answers: { lags } }) => lags ? withInterval(lags.steps, 0) : undefined,
    },
    {
      header: "last",
      value: ({ answers: { lags } }) => lags ? withInterval(lags.last) : undefined,
    },
    {
      header: "together",
      value: ({ answers: { lags } }) => lags ? withInterval(lags.together) : undefined,
    },
    { header: "at track start", value: ({ answers: { lags } }) => lags?.at_track_start, digits: 2 },
    {
      header: "shifted",
      value: ({ answers: { lags } }) => lags ? withInterval(lags.null) : undefined,
    },
    { header: "p", value: ({ answers: { lags } }) => lags?.null.p, digits: 3 },
  ], rowsOf(sets));
}

function printTransitions(sets: readonly SetResults[]): void {
  console.log(
    "\n2. Are kept features rewired? (overlap of inputs)   3. Refinement, or replacement by new features?",
  );
  const rows = rowsOf(sets).flatMap((row) =>
    row.answers.transitions.map((transition) => ({ ...row, ...transition }))
  );
  printTable<typeof rows[number]>([
    { header: "task", value: ({ task }) => task },
    { header: "set", value: ({ set }) => set },
    { header: "from", value: ({ from }) => from },
    { header: "to", value: ({ to }) => to },
    { header: "features", value: ({ rewiring }) => rewiring?.features },
    {
      header: "overlap",
      value: ({ rewiring }) => rewiring ? withInterval(rewiring.overlap) : undefined,
    },
    { header: "unchanged", value: ({ rewiring }) => rewiring?.ceiling, digits: 2 },
    { header: "another", value: ({ rewiring }) => rewiring?.floor, digits: 2 },
    { header: "kept", value: ({ growth }) => growth?.kept },
    { header: "rewired", value: ({ growth }) => growth?.rewired },
    { header: "recruited", value: ({ growth }) => growth?.recruited },
    { header: "new", value: ({ growth }) => growth?.new_feature },
    {
      header: "refinement",
      value: ({ growth }) => growth?.refinement ? withInterval(growth.refinement) : undefined,
    },
    { header: "chance", value: ({ growth }) => growth?.null_refinement?.mean, digits: 2 },
  ], rows);
}
