/**
 * Roles of heads in the circuits of the paper, and the experiments that find them.
 * @module
 */
export { type CircuitComponentOptions, circuitComponents } from "./circuit_components.ts";
export { type CircuitHeads, readCircuitHeads } from "./circuit_heads.ts";
export { isNameMover, nameMovers } from "../../results/mod.ts";
export { componentScores } from "./component_scores.ts";
export { type HeadDonor, headDonor, SwapTarget } from "./component_swap.ts";
export {
  type Consistency,
  type ConsistencyScores,
  type ConsistencyThresholds,
  type DirectClasses,
  ioiConsistency,
  THRESHOLDS,
} from "./consistency.ts";
export { greaterThanNodes, greaterThanParts } from "./greater_than_circuit.ts";
export { patchingEffects } from "./ioi_roles.ts";
export {
  FLIPS,
  S2I_QUANTITIES,
  type S2Inhibition,
  s2Inhibition,
  type S2IQuantity,
  type S2ITable,
} from "./s2_inhibition.ts";
export { pastNameMovers, type SelfRepair, selfRepair } from "./self_repair.ts";
