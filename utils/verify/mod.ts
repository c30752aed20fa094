/**
 * Verification against reference cases: small checkpoints with values that the field's own implementations computed.
 *
 * `ReferenceCase.open` reads a case, `QUANTITIES` says how we compute each of its values, and `verdicts` compares the two.
 * `TranscoderCase` and `TRANSCODER_QUANTITIES` are the same for transcoders, and `caseVerdicts` takes a folder of either kind.
 */
export { type CaseOptions, caseVerdicts } from "./case_verdicts.ts";
export { coderGraphRows, featurePathRows, type GraphRow } from "./features/mod.ts";
export { findQuantity, relativeError, type Verdict, verdicts } from "./comparison.ts";
export { QUANTITIES } from "./quantities.ts";
export {
  type Quantity,
  readout,
  ReferenceCase,
  type ReferenceHeads,
  type ReferencePrompts,
  type ReferenceValues,
  TOLERANCE,
} from "./reference_case.ts";
export { isTranscoderCase, TranscoderCase } from "./transcoder_case.ts";
export { type CoderQuantity, TRANSCODER_QUANTITIES } from "./transcoder_quantities.ts";
