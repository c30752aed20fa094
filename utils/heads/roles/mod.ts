/**
 * Roles of heads in the circuits of the paper, and the experiments that find them.
 * @module
 */
export { circuitComponents } from "./circuit_components.ts";
export { readCircuitHeads } from "./circuit_heads.ts";
export { componentScores, nameMovers } from "./component_scores.ts";
export { type HeadDonor, headDonor, SwapTarget } from "./component_swap.ts";
export { ioiConsistency, THRESHOLDS } from "./consistency.ts";
export { greaterThanNodes, greaterThanParts } from "./greater_than_circuit.ts";
export { isNameMover, patchingEffects } from "./ioi_roles.ts";
export { headRoles } from "./roles.ts";
export { FLIPS, type S2Inhibition, s2Inhibition } from "./s2_inhibition.ts";
export { pastNameMovers, selfRepair } from "./self_repair.ts";
