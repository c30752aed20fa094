/** Forward and backward pass of one graph as two sessions, joined by saved values. */
import type { Value } from "./graph.ts";
import { Session, type SessionOptions } from "./session.ts";

/** A forward session and the backward session that reads what it saves. */
export interface BothWays {
  /** inputs → outputs and saved values */
  forward: Session;
  /** saved values, inputs, cotangents → gradients */
  backward: Session;
  /** forward results that the backward session takes */
  savedNames: string[];
  /** Frees both. */
  release(): Promise<void>;
}

/**
 * Compiles a backward session for `gradients`, cut at the `saved` values, and a forward session that gives `outputs` and
 * the saved values that the backward one needs.
 */
export async function compileBothWays(
  outputs: Record<string, Value>,
  gradients: Record<string, Value>,
  saved: Record<string, Value>,
  options: SessionOptions,
): Promise<BothWays> {
  const backward = await Session.compile(gradients, saved, options);
  const savedNames = backward.inputNames.filter((name) => name in saved);
  const kept = Object.fromEntries(savedNames.map((name) => [name, saved[name]]));
  const forward = await Session.compile({ ...outputs, ...kept }, {}, options);
  const release = async () => {
    await forward.release();
    await backward.release();
  };
  return { forward, backward, savedNames, release };
}
