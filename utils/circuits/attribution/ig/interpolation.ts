/** Computes the points on the straight path between two inputs, all points of all prompts in one batch. */
import {
  add,
  Graph,
  mul,
  reshape,
  Session,
  type SessionOptions,
  unsqueeze,
} from "../../../onnx/mod.ts";

/** Compiles clean `[N, P, d]`, difference (corrupted − clean) and 1 − α `[K]` → x `[N, K, P, d]`. */
export function compileInterpolation(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const shape = ["prompts", "pos", "d"];
  const clean = unsqueeze(g.input("clean", shape), 1);
  const difference = unsqueeze(g.input("difference", shape), 1);
  const rest = reshape(g.input("one_minus_alpha", ["steps"]), [1, "steps", 1, 1]);
  return Session.compile({ x: add(clean, mul(rest, difference)) }, {}, options);
}
