/**
 * What each attention head does: names of heads, path patching, scores, copy suppression, roles.
 * @module
 */
export { corpusDocuments, cspaScores, fileDocuments, functionWordIds } from "./cspa/mod.ts";
export {
  allHeads,
  checkHeads,
  type Head,
  headName,
  headsWhere,
  parseHead,
  placeOf,
} from "./head.ts";
export { headGrid, largestHead } from "./head_grid.ts";
export {
  cleanRun,
  corruptedHeads,
  patchHeads,
  type PatchPrompt,
  pathPatch,
  type Receivers,
  zeroAblateHeads,
} from "./patching/mod.ts";
export {
  circuitComponents,
  componentScores,
  FLIPS,
  greaterThanNodes,
  greaterThanParts,
  type HeadDonor,
  headDonor,
  headRoles,
  ioiConsistency,
  isNameMover,
  nameMovers,
  pastNameMovers,
  patchingEffects,
  readCircuitHeads,
  type S2Inhibition,
  s2Inhibition,
  selfRepair,
  SwapTarget,
  THRESHOLDS,
} from "./roles/mod.ts";
export {
  type AttentionToNames,
  attentionToNames,
  type CopyScores,
  copyScores,
  directLogitAttribution,
  nameCopyScores,
  repeatedTokens,
  type RepeatedTokenScores,
  repeatedTokenScores,
  successorLogits,
  successorPairs,
  successorScores,
  type TokenPairs,
} from "./scores/mod.ts";
