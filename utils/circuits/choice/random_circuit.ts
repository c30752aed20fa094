/**
 * Random circuits, the baseline beside every faithfulness curve.
 *
 * Edges drawn at random hardly ever form a path, so pruning would leave nothing of them and the baseline would be the
 * empty circuit. Therefore the *scores* are random, independent and uniform on (0, 1), and the circuit is chosen from
 * them by the same greedy selection as the real one: it has the same size and survives pruning as the real one does.
 */
import { PythonRandom } from "../../base/python_random.ts";
import { type CircuitShape, edgesInOrder, nBackward, nForward } from "../graph/graph.ts";
import { greedyOrder } from "./selection.ts";

/** Scores `[nForward, nBackward]`, uniform on [0, 1) for edges and 0 elsewhere; the same for the same seed. */
export function randomScores(shape: CircuitShape, seed: number): Float64Array {
  const random = new PythonRandom(seed);
  const scores = new Float64Array(nForward(shape) * nBackward(shape));
  for (const cell of edgesInOrder(shape)) scores[cell] = random.random();
  return scores;
}

/** The order in which a random circuit takes its edges; `maskOf(shape, order, n)` is the one of n edges. */
export function randomOrder(shape: CircuitShape, seed: number, limit?: number): Int32Array {
  return greedyOrder(shape, randomScores(shape, seed), { limit });
}
