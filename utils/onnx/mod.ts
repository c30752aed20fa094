/**
 * ONNX as a differentiable language: graphs, operators, gradients, sessions. Knows nothing of transformers.
 *
 *     Graph, operators      build typed values                     graph.ts, ops/
 *     gradients             adds the backward pass to the graph    gradients.ts, rules/
 *     Session               compiles and runs a cut of the graph   model.ts, session.ts
 *     defineProgram         compiles once per specification        programs.ts
 *     Tensor and its rows   data outside the graph                 dtype.ts, rows.ts
 * @module
 */
export { type BothWays, compileBothWays } from "./both_ways.ts";
export { type Device, DEVICES } from "./device.ts";
export { type Placement, readPlacements } from "./placements.ts";
export {
  type Dtype,
  type F32,
  free,
  sizeOf,
  type Tensor,
  tensor,
  type TensorData,
} from "./dtype.ts";
export { gradients } from "./gradients.ts";
export {
  type Attribute,
  type Cotangent,
  type Dim,
  Graph,
  type Node,
  type Rule,
  type Shape,
  type Value,
} from "./graph.ts";
export type { Model, Result } from "./model.ts";
export * from "./ops/mod.ts";
export { NdTensor, type Nested, type NumberData, type Selector } from "./nd_tensor.ts";
export { defineProgram, type Program, ProgramCache, type Releasable } from "./programs.ts";
export { joinRows, repeatRows, sliceRows, sliceWithinRows, takeRows } from "./rows.ts";
export { type Feeds, type Results, Session, type SessionOptions } from "./session.ts";
export type { RunCounter } from "./session_options.ts";
export {
  nodeFlops,
  Rehearsal,
  type Rehearsed,
  type RehearsedRuns,
  rehearsedSeconds,
  type RunCost,
  runCost,
  secondsOfProcess,
  stopwatch,
  type SymbolSizes,
  symbolSizes,
} from "./rehearsal/mod.ts";
export { productDim } from "./shapes.ts";
