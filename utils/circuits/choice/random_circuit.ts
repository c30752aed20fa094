/**
 * Random circuits, the baseline of every faithfulness curve.
 *
 * Edges drawn at random rarely form a path: pruning would remove them all, and the baseline would be the empty circuit.
 * So the *scores* are random instead, independent and uniform on [0, 1), and the greedy selection of the real circuit
 * chooses from them. The random circuit then has the size of the real one and survives pruning as the real one does.
 */
import { PythonRandom } from "../../base/mod.ts";
import { type CircuitShape, edgesInOrder, nBackward, nForward } from "../graph/mod.ts";
import { greedyOrder } from "./selection.ts";

/** Returns scores `[nForward, nBackward]`, uniform on [0, 1) for edges and 0 elsewhere; the same seed, the same scores. */
export function randomScores(shape: CircuitShape, seed: number): Float64Array {
  const random = new PythonRandom(seed);
  const scores = new Float64Array(nForward(shape) * nBackward(shape));
  for (const cell of edgesInOrder(shape)) scores[cell] = random.random();
  return scores;
}

/** Returns the order in which a random circuit takes its edges; `maskOf(shape, order, n)` has n of them. */
export function randomOrder(shape: CircuitShape, seed: number, limit?: number): Int32Array {
  return greedyOrder(shape, randomScores(shape, seed), { limit });
}
