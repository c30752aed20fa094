/** All quantities that can be compared with a reference case; each registry lies with the floor it tests. */
import { modelQuantities } from "./model_quantities.ts";
import type { Quantity } from "./reference_case.ts";

export const QUANTITIES: readonly Quantity[] = [
  ...modelQuantities,
];
