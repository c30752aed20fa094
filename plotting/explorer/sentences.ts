/**
 * Says on the explorer page what a run did, from the settings and results in its summary: whether it searched, whether the
 * search reached the threshold, what edges outside the circuit carry, and how edges were scored.
 */
import { checkpointAble, type CircuitSummary, reachesThreshold } from "../../utils/results/mod.ts";
import { metricName, taskInSentence } from "../display_names.ts";

/** What an edge outside the circuit carries, by intervention. */
const OUTSIDE: Readonly<Record<string, string>> = {
  patching: "its value on the corrupted prompt",
  zero: "zeros",
  mean: "its mean over all corrupted prompts and positions",
  "mean-positional": "its mean over the corrupted prompts at the same position",
};

/** Methods that integrate along a path of points. */
const WITH_POINTS = /^EAP-IG/;

const count = (n: number, noun: string) =>
  `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;

/** Returns a list of steps: "step 256", "steps 256 and 640", "steps 1, 2, 4 and 8 more". */
function stepsNamed(steps: readonly number[]): string {
  const shown = steps.slice(0, steps.length > 4 ? 3 : 4).map((step) =>
    step.toLocaleString("en-US")
  );
  if (steps.length > 4) shown.push(`${steps.length - 3} more`);
  const last = shown.pop();
  return `step${steps.length === 1 ? "" : "s"} ` +
    (shown.length > 0 ? `${shown.join(", ")} and ${last}` : last);
}

/** Returns the heading: whether the model learns the task, does it at its one checkpoint, or neither. */
export function heading(summary: CircuitSummary): string {
  const { checkpoints, model } = summary;
  const task = taskInSentence(summary.task);
  if (checkpoints.length > 0 && !checkpoints.some((each) => checkpointAble(summary, each))) {
    return `${model} and ${task}`;
  }
  return checkpoints.length === 1 ? `How ${model} does ${task}` : `How ${model} learns ${task}`;
}

/** Returns what the circuits are, and at which checkpoints there are any. */
export function intro(summary: CircuitSummary): string {
  const { config = {}, checkpoints, threshold } = summary;
  const able = checkpoints.filter((each) => checkpointAble(summary, each));
  const all = count(checkpoints.length, "checkpoint");
  if (checkpoints.length > 0 && able.length === 0) {
    const none = checkpoints.length === 1
      ? `does not do the task at its one checkpoint`
      : `does the task at none of ${all}`;
    return `The model ${none}, so the page shows no circuit.`;
  }
  const where = checkpoints.length === 1
    ? `At step ${checkpoints[0].step.toLocaleString("en-US")}`
    : able.length === checkpoints.length
    ? `For each of ${all}`
    : `For the ${able.length} of ${all} at which the model does the task`;
  const metric = `the model’s ${metricName(summary.metric)}`;
  const rest = `while every other edge carries ${
    OUTSIDE[String(config.intervention ?? "patching")] ?? `what “${config.intervention}” gives it`
  }`;
  const how = checkpoints.length === 1
    ? "Click a head or an MLP to follow its paths."
    : "Move the slider to watch heads and MLPs join and leave; click one to follow its paths.";
  if (config.verify === false) {
    const kept = able.map(({ faithfulness }) => faithfulness);
    const low = percent(Math.min(...kept)), high = percent(Math.max(...kept));
    const range = kept.length === 0
      ? ""
      : `They keep ${low === high ? low : `${low} to ${high}`} of ${metric} ${rest}. `;
    const most = config.absolute === false ? "largest scores" : "largest absolute scores";
    const chosen = config.selection === "topn"
      ? `the ${config.top_n} edges of ${most}`
      : `${config.top_n} edges, chosen greedily by score from the logits down`;
    return `${where}, ${chosen}, without those on no path from input to logits. ${range}${how}`;
  }
  const smallest = `the smallest circuit found that keeps ${
    percent(threshold)
  } of ${metric} ${rest}`;
  const short = able.filter((each) => !reachesThreshold(summary, each)).map(({ step }) => step);
  if (short.length === 0) return `${where}, ${smallest}. ${how}`;
  const tried = config.end === undefined ? "tried" : `of up to ${config.end} edges before pruning`;
  const none = `no circuit ${tried} keeps ${
    percent(threshold)
  } of ${metric} ${rest}; the page shows the largest`;
  return short.length === able.length
    ? `${where}, ${none}. ${how}`
    : `${where}, ${smallest}. At ${stepsNamed(short)} ${none}. ${how}`;
}

/** Returns how edges were scored. */
export function method(summary: CircuitSummary): string {
  const { shape, config = {} } = summary;
  const points = !WITH_POINTS.test(summary.method)
    ? ""
    : summary.quadrature === "adaptive"
    ? ", as many midpoints as each prompt needs"
    : `, ${count(summary.igSteps, "integration point")} (${summary.quadrature})`;
  const edges = config.intervention === undefined || config.intervention === "patching"
    ? ""
    : `, ablation “${config.intervention}”`;
  return `${summary.model}, ${count(shape.nLayers, "layer")} of ${count(shape.nHeads, "head")}, ` +
    `${count(summary.nEdges, "edge")}. Scores by ${summary.method}${points}${edges}, ` +
    `mean over ${count(summary.nPrompts, "prompt pair")}.`;
}

/** Returns the rule that hatches checkpoints; nothing if none is hatched. */
export function hatching(summary: CircuitSummary, leastRise: number | undefined): string {
  const unable = summary.checkpoints.filter((each) => !checkpointAble(summary, each));
  if (unable.length === 0) return "";
  const metric = metricName(summary.metric);
  const judged = unable.every(({ ability }) => ability !== undefined)
    ? "by the lower ends of 95 % bootstrap intervals over prompts"
    : "by the means alone, because this run stored no intervals";
  return `Hatched: the model does not do the task at ${
    stepsNamed(unable.map(({ step }) => step))
  }. There its mean ${metric} on clean prompts is not above 0, or not above that on corrupted prompts by more than ` +
    `${
      leastRise ?? 0
    }, or no more than half of the prompts are right (${judged}). A circuit there would explain noise, ` +
    `so none is shown.`;
}
