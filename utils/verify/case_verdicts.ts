/** Compares the case in a folder, whatever kind of case it is. */
import { join } from "@std/path";
import { coderTrainingRows } from "./coder_training.ts";
import { coderGraphRows } from "./graph_quantities.ts";
import { interventionRows } from "./intervention_quantities.ts";
import { type Verdict, verdicts } from "./comparison.ts";
import { QUANTITIES } from "./quantities.ts";
import { ReferenceCase } from "./reference_case.ts";
import { isFile } from "../base/mod.ts";
import { isTranscoderCase, TranscoderCase } from "./transcoder_case.ts";
import { TRANSCODER_QUANTITIES } from "./transcoder_quantities.ts";

/** Largest error of a training quantity: 20 steps of Adam amplify the rounding of small gradients. */
const TRAINING_TOLERANCE = 1e-4;
/** Largest error of a graph's quantity: float32 against float64. */
const GRAPH_TOLERANCE = 1e-5;

/**
 * Yields one verdict per reference value that begins with `only`, in the order of the files. Closes the case at the end.
 * @throws Error naming a file of the case that is missing or damaged.
 */
export async function* caseVerdicts(dir: string, only?: string): AsyncGenerator<Verdict> {
  if (isTranscoderCase(dir)) {
    const transcoders = await TranscoderCase.open(dir);
    try {
      yield* verdicts(transcoders, TRANSCODER_QUANTITIES, only);
      if (isFile(join(dir, "graphs.json"))) yield* graphVerdicts(transcoders, only);
    } finally {
      transcoders.close();
    }
    if (isFile(join(dir, "training.json"))) yield* trainingVerdicts(dir, only);
    return;
  }
  const reference = await ReferenceCase.open(dir);
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

/** Yields one verdict per quantity of the attribution graphs of a case, and of interventions. */
async function* graphVerdicts(
  { dir, model }: TranscoderCase,
  only = "",
): AsyncGenerator<Verdict> {
  if (!"graphs.".startsWith(only) && !only.startsWith("graphs.")) return;
  for (const rows of [coderGraphRows, interventionRows]) {
    for await (const { quantity: name, error, exact } of rows(dir, model)) {
      const quantity = `graphs.${name}`, tolerance = exact ? 0 : GRAPH_TOLERANCE;
      if (!quantity.startsWith(only)) continue;
      yield { case: dir, quantity, error, tolerance, ok: error <= tolerance };
    }
  }
}
