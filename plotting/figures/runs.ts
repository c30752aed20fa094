/** Gives every run of one figure a name and a look, different even for two runs of one model and task. */
import { checkpointAble, type CircuitSummary } from "../../utils/results/mod.ts";
import { modelColour } from "./models.ts";

/** How a run is drawn. */
export interface RunLook {
  /** the model, and the settings in which runs of this model and task differ */
  name: string;
  /** the model's colour */
  colour: string;
  /** Plotly's dash: solid for a model's first run of a task */
  dash: string;
}

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/** A run, as its result file describes it. */
export interface Run {
  model: string;
  task?: string;
  /** the settings that determine its results */
  config?: Readonly<Record<string, unknown>>;
}

/** Returns the look of each run, in the given order. */
export function runLooks(summaries: readonly Run[]): RunLook[] {
  return summaries.map((summary) => {
    const same = summaries.filter(({ model, task }) =>
      model === summary.model && task === summary.task
    );
    const settings = differingKeys(same).map((key) =>
      `${key.replaceAll("_", " ")} ${text(summary.config?.[key])}`
    );
    const place = same.indexOf(summary);
    const number = same.length > 1 && settings.length === 0 ? [`run ${place + 1}`] : settings;
    return {
      name: [summary.model, ...number].join(", "),
      colour: modelColour(summary.model),
      dash: DASHES[place % DASHES.length],
    };
  });
}

/** Returns what `of` makes of each file, by the name of its run, so that two runs of one model both have a place. */
export function byRun<File extends { header: { model: string } }, Made>(
  files: readonly File[],
  of: (file: File) => Made,
): Map<string, Made> {
  const looks = runLooks(files.map(({ header }) => header as Run));
  return new Map(files.map((file, i) => [looks[i].name, of(file)]));
}

/** Returns the dash of a run's lines: solid for the first of `names` that has its model. */
export function runDash(name: string, names: readonly string[]): string {
  const [model] = name.split(", ");
  const same = names.filter((each) => each.split(", ")[0] === model);
  return DASHES[same.indexOf(name) % DASHES.length];
}

function differingKeys(runs: readonly Run[]): string[] {
  const keys = new Set(runs.flatMap(({ config = {} }) => Object.keys(config)));
  return [...keys].filter((key) => new Set(runs.map(({ config }) => text(config?.[key]))).size > 1);
}

const text = (value: unknown) =>
  value === undefined || value === null
    ? "not set"
    : typeof value === "string"
    ? value
    : JSON.stringify(value);

/** Says which checkpoints a figure of circuits leaves out; nothing if it leaves out none. */
export function leftOut(summaries: readonly CircuitSummary[]): string {
  const some = summaries.some((summary) =>
    summary.checkpoints.some((checkpoint) => !checkpointAble(summary, checkpoint))
  );
  return some ? " Checkpoints at which the model does not do the task are left out." : "";
}
