/** The linearised run of a prompt, and rows on their way down through it. @module */
export { frozenScales } from "./frozen_scales.ts";
export { type LayerMaps, layerMaps, writtenByAttention } from "./layer_maps.ts";
export {
  type ActiveFeatures,
  decoderRow,
  type LinearRun,
  linearRun,
  type LinearRunOptions,
  writesTo,
} from "./linear_run.ts";
export { Passages, type Passed } from "./passages.ts";
export { type Reader, READER_POINTS, type Reading, readingAt, readStream } from "./reading.ts";
export {
  type BiasNode,
  type BiasOrigin,
  type Sources,
  sourcesOf,
  type Written,
} from "./sources.ts";
export { Walk } from "./walk.ts";
export {
  type EdgeRows,
  fresh,
  joinedWide,
  LARGEST_BATCH,
  type Narrow,
  type WalkRow,
  type Wide,
} from "./walk_rows.ts";
