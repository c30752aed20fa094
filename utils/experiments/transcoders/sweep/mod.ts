/**
 * Sweeps of coders: arms side by side on one stream of activations, evaluated beside floors.
 * @module
 */
export { sweepCoders, type SweepEnd } from "./run.ts";
export { sweepSchema, type SweepSettings } from "./settings.ts";
export {
  SWEEP_NOTE,
  sweepColumns,
  sweepCsv,
  sweepMarkdown,
  type SweepRow,
  sweepRows,
} from "./table.ts";
