/** Maps tasks and metrics to the names that figures and pages show. */

const TASKS_BY_NAME: Readonly<Record<string, string>> = {
  ioi: "Indirect object identification",
  greater_than: "Greater-than",
  gender_pronoun: "Gendered pronouns",
  capitals: "Capitals",
  two_hop: "Two-hop facts",
  sva: "Subject–verb agreement",
};

const METRICS: Readonly<Record<string, string>> = {
  logit_diff: "logit difference",
  prob_diff: "probability difference",
};

/** The tasks in the order of figures. */
const TASKS: readonly string[] = Object.keys(TASKS_BY_NAME);

/** Compares tasks for `sort`: those with a title in the order of figures, then the others by name. */
export function compareTasks(a: string, b: string): number {
  const place = (task: string) => TASKS.includes(task) ? TASKS.indexOf(task) : TASKS.length;
  return place(a) - place(b) || a.localeCompare(b);
}

/** Returns the title of a task: `Greater-than`. A task without a title gets its name without underscores. */
export function taskTitle(task: string): string {
  return TASKS_BY_NAME[task] ?? withoutUnderscores(task);
}

/** Returns the name of a task for use inside a sentence: `greater-than`. */
export function taskInSentence(task: string): string {
  return lowerFirst(taskTitle(task));
}

/** Returns the name of a metric for use inside a sentence: `logit difference`. */
export function metricName(metric: string): string {
  return METRICS[metric] ?? withoutUnderscores(metric);
}

/** Returns the unit of a metric, and so of edge scores. */
export function metricUnit(metric: string): string {
  return metric === "logit_diff" ? "logits" : metric === "prob_diff" ? "probability" : "its units";
}

/** Lowercases the first letter, for a title inside a sentence. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Returns a file name or a key as words. */
export function withoutUnderscores(name: string): string {
  return name.replaceAll("_", " ");
}
