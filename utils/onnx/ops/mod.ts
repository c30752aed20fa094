/** All operators: functions that add a node to the graph of their operands and return its output. */
export { detach, withGradient } from "./custom_gradient.ts";
export {
  abs,
  add,
  cast,
  div,
  equal,
  erf,
  exp,
  gelu,
  greater,
  hardSigmoid,
  identity,
  less,
  log,
  max,
  min,
  mul,
  neg,
  type Operand,
  pow,
  reciprocal,
  relu,
  sigmoid,
  sign,
  sqrt,
  sub,
  tanh,
  where,
} from "./elementwise.ts";
export { firstElement, gather, gatherElements, nonZero, scatterAdd } from "./indexing.ts";
export {
  concat,
  expand,
  reshape,
  slice,
  split,
  squeeze,
  swapLast,
  transpose,
  unsqueeze,
} from "./layout.ts";
export { gemm, linear, matmul, matmulStacked, matmulT } from "./matrix.ts";
export { maximum, mean, sum, type TopK, topK } from "./reduce.ts";
export {
  inverseRms,
  layerNorm,
  logSoftmax,
  type Normalised,
  rmsNorm,
  rotaryEmbedding,
  softmax,
} from "./whole_rows.ts";
