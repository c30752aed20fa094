/** Compares the case in a folder, whatever kind of case it is. */
import { type Verdict, verdicts } from "./comparison.ts";
import { QUANTITIES } from "./quantities.ts";
import { ReferenceCase } from "./reference_case.ts";
import { isTranscoderCase, TranscoderCase } from "./transcoder_case.ts";
import { TRANSCODER_QUANTITIES } from "./transcoder_quantities.ts";

/**
 * Yields one verdict per reference value that begins with `only`, in the order of the files. Closes the case at the end.
 * @throws Error naming a file of the case that is missing or damaged.
 */
export async function* caseVerdicts(dir: string, only?: string): AsyncGenerator<Verdict> {
  if (isTranscoderCase(dir)) {
    const transcoders = await TranscoderCase.open(dir);
    try {
      yield* verdicts(transcoders, TRANSCODER_QUANTITIES, only);
    } finally {
      transcoders.close();
    }
    return;
  }
  const reference = await ReferenceCase.open(dir);
  try {
    yield* verdicts(reference, QUANTITIES, only);
  } finally {
    await reference.close();
  }
}
