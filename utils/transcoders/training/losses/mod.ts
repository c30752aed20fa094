/**
 * What a coder is trained for: reconstruction, sparsity, and the revival of dead features.
 * @module
 */
export { auxK, auxKOfDead } from "./auxk.ts";
export type { AuxKSettings } from "./auxk_settings.ts";
export { type Dead, deadBefore, type DeadSettings, firingCounts, nextCounts } from "./dead.ts";
export { ghost } from "./ghost.ts";
export { type Reconstruction, varianceOf, weightOf } from "./reconstruction.ts";
export { type Coefficient, l0, l1, preAct, sparseConnection } from "./sparsity.ts";
export { coefficientAt, type StepSoFar, type Term } from "./term.ts";
