/**
 * Verification against reference cases: small checkpoints with values that the field's own implementations computed.
 *
 * `ReferenceCase.open` reads a case, `QUANTITIES` says how we compute each of its values, and `verdicts` compares the two.
 */
export { findQuantity, relativeError, type Verdict, verdicts } from "./comparison.ts";
export { QUANTITIES } from "./quantities.ts";
export {
  type Quantity,
  readout,
  ReferenceCase,
  type ReferenceHeads,
  type ReferencePrompts,
  TOLERANCE,
} from "./reference_case.ts";
