/** The frame of a script: settings, flags, progress, tables, errors. Knows no model. */
export { type ConfigSources, readConfigFile, resolveConfig, resultSettings } from "./config.ts";
export { alsoNamed, type ConfigSchema, writeSchemas } from "./config_schema.ts";
export { openBrowser } from "./open_browser.ts";
export { isDryRun, isEstimate, isPlanOnly, recordEstimate } from "./output.ts";
export { clearProgress, formatDuration, Progress, type ProgressTarget } from "./progress.ts";
export {
  PYTHIA_TOKENS_PER_STEP,
  type PythiaSchedule,
  SCHEDULE_NAMES,
  type ScheduleName,
  scheduleSteps,
} from "./schedules.ts";
export { runScript, type ScriptContext, type ScriptDescription, UserError } from "./script.ts";
export { type Column, formatTable, printTable } from "./table.ts";
export { hasColors } from "./terminal.ts";
