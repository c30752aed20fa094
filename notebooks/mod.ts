/** Runs notebooks of TypeScript cells, and shows tables, figures and numbers in them. */
export {
  DISPLAY,
  type Displayable,
  Figure,
  KeyNumbers,
  type MediaBundle,
  receiveDisplays,
  show,
  table,
  withMinus,
} from "./display.ts";
export { chart, COLOURS, heatMaps, histogram, IO_COLOUR, S_COLOUR, timeline } from "./figures.ts";
export {
  type Cell,
  DENO_KERNEL,
  formatNotebook,
  keyNumbers,
  linesOf,
  type Notebook,
  type Output,
  readNotebook,
  writeNotebook,
} from "./notebook.ts";
export { moduleOf, type Parameters, runNotebook } from "./runner.ts";
export { trainingTime } from "./svg.ts";
