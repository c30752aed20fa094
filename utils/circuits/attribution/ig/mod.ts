/**
 * Builds the graphs of EAP-IG: blocks whose heads and MLPs have inputs of their own, and the gradients of edges.
 * @module
 */
export { compileContraction } from "./destination_gradients.ts";
export { compileLayerProgram, compileModelProgram } from "./ig_program.ts";
export {
  interpolatedOutput,
  interpolationFeeds,
  type MovingOutput,
} from "./interpolated_output.ts";
