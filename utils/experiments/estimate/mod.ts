/** What a run will take: time, memory, disk and downloads, before it begins. */
export { type Estimate, Estimator, type Holding } from "./estimator.ts";
export { estimateLine, estimateLines, printPlan, sizeText, tellEstimate } from "./lines.ts";
export { missingSteps, type PlannedModel, plannedModel } from "./planned_model.ts";
export { type LastCheckpoint, openLast, planLines } from "./planning.ts";
