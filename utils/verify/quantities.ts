/** All quantities that can be compared with a reference case. */
import { circuitQuantities } from "./circuit_quantities.ts";
import { headQuantities } from "./head_quantities.ts";
import { modelQuantities } from "./model_quantities.ts";
import { streamQuantities } from "./stream_quantities.ts";
import { pathQuantities } from "./path_quantities.ts";
import type { Quantity } from "./reference_case.ts";

/** Every quantity, of the model, of circuits, of heads and of patching. */
export const QUANTITIES: readonly Quantity[] = [
  ...modelQuantities,
  ...streamQuantities,
  ...circuitQuantities,
  ...headQuantities,
  ...pathQuantities,
];
