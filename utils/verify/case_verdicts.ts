/** Compares the case in a folder, whatever kind of case it is. */
import { join } from "@std/path";
import { coderTrainingRows } from "./coder_training.ts";
import {
  coderGraphRows,
  featurePathRows,
  type GraphRow,
  interventionRows,
} from "./features/mod.ts";
import { type Verdict, verdicts } from "./comparison.ts";
import { QUANTITIES } from "./quantities.ts";
import { ReferenceCase } from "./reference_case.ts";
import { isFile } from "../base/mod.ts";
import { isTranscoderCase, TranscoderCase } from "./transcoder_case.ts";
import type { Runtime } from "../model/mod.ts";
import { TRANSCODER_QUANTITIES } from "./transcoder_quantities.ts";

/** Largest error of a training quantity: 20 steps of Adam amplify the rounding of small gradients. */
const TRAINING_TOLERANCE = 1e-4;
/** Largest error of a graph's quantity: float32 against float64. */
const GRAPH_TOLERANCE = 1e-5;
/** Largest error of a path's quantity: shares of small errors have the rounding of what they are differences of. */
const PATH_TOLERANCE = 1e-4;

/** Largest error on another device than the CPU: its products and exponentials round otherwise. */
const DEVICE_TOLERANCE = 1e-4;

/** How a case is compared. */
export interface CaseOptions {
  /** only values whose names begin so */
  only?: string;
  /** where to compute; default: the CPU. Training runs on the CPU whatever it says. */
  runtime?: Runtime;
}

/**
 * Yields one verdict per reference value that begins with `only`, in the order of the files. Closes the case at the end.
 * @throws Error naming a file of the case that is missing or damaged.
 */
export async function* caseVerdicts(
  dir: string,
  { only, runtime }: CaseOptions = {},
): AsyncGenerator<Verdict> {
  const device = runtime?.sessionOptions.device ?? "cpu";
  for await (const verdict of verdictsOnCpu(dir, only, runtime)) {
    yield device === "cpu" ? verdict : loosened(verdict);
  }
}

/** Judges a verdict with the tolerance of a graphics processor. */
function loosened(verdict: Verdict): Verdict {
  const { tolerance, error } = verdict;
  if (tolerance === null || tolerance === 0 || error === null) return verdict;
  const wider = Math.max(tolerance, DEVICE_TOLERANCE);
  return { ...verdict, tolerance: wider, ok: error <= wider };
}

async function* verdictsOnCpu(
  dir: string,
  only: string | undefined,
  runtime: Runtime | undefined,
): AsyncGenerator<Verdict> {
  if (isTranscoderCase(dir)) {
    const transcoders = await TranscoderCase.open(dir, { runtime });
    try {
      yield* verdicts(transcoders, TRANSCODER_QUANTITIES, only);
      const { model } = transcoders;
      if (isFile(join(dir, "graphs.json"))) {
        yield* graphVerdicts("graphs", dir, coderGraphRows(dir, model), only);
        yield* graphVerdicts("graphs", dir, interventionRows(dir, model), only);
      }
      yield* graphVerdicts("circuits", dir, featurePathRows(dir, model), only);
    } finally {
      transcoders.close();
    }
    if (isFile(join(dir, "training.json"))) yield* trainingVerdicts(dir, only);
    return;
  }
  const reference = await ReferenceCase.open(dir, { runtime });
  try {
    yield* verdicts(reference, QUANTITIES, only);
  } finally {
    await reference.close();
  }
}

/** Yields one verdict per quantity of the training runs of a case, each run with the sparse step. */
async function* trainingVerdicts(dir: string, only = ""): AsyncGenerator<Verdict> {
  if (!"training.".startsWith(only) && !only.startsWith("training.")) return;
  for await (const { run, quantity: name, error } of coderTrainingRows(dir)) {
    const quantity = `training.${run}.${name}`;
    if (!quantity.startsWith(only)) continue;
    const ok = error <= TRAINING_TOLERANCE;
    yield { case: dir, quantity, error, tolerance: TRAINING_TOLERANCE, ok };
  }
}

/** Yields one verdict per quantity of the attribution graphs, of interventions, or of the paths, of a case. */
async function* graphVerdicts(
  prefix: string,
  dir: string,
  rows: AsyncGenerator<GraphRow>,
  only = "",
): AsyncGenerator<Verdict> {
  if (!`${prefix}.`.startsWith(only) && !only.startsWith(`${prefix}.`)) return;
  for await (const { quantity: name, error, exact } of rows) {
    const largest = prefix === "graphs" ? GRAPH_TOLERANCE : PATH_TOLERANCE;
    const quantity = `${prefix}.${name}`, tolerance = exact ? 0 : largest;
    if (!quantity.startsWith(only)) continue;
    yield { case: dir, quantity, error, tolerance, ok: error <= tolerance };
  }
}
