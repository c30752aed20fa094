/** ONNX as a differentiable language: graphs, operators, gradients, sessions. Knows nothing of transformers. */
export { availableDevices, type Device, DEVICES, parseDevice } from "./device.ts";
export {
  type Dtype,
  dtypeOf,
  DTYPES,
  type F32,
  free,
  sizeOf,
  type Tensor,
  tensor,
  type TensorData,
  zeros,
} from "./dtype.ts";
export { GRADIENT_RULES } from "./gradient_rules.ts";
export { gradients } from "./gradients.ts";
export { type Dim, Graph, type Node, type Rule, type Shape, Value } from "./graph.ts";
export { buildModel, type Model } from "./model.ts";
export * from "./operators.ts";
export { defineProgram, type Program, ProgramCache, type Releasable } from "./programs.ts";
export { joinRows, repeatRows, sliceRows, sliceWithinRows, takeRows } from "./rows.ts";
export { broadcast, productDim, sumDim } from "./shapes.ts";
export {
  type BothWays,
  compileBothWays,
  type Feeds,
  type Results,
  Session,
  type SessionOptions,
} from "./session.ts";
