/** Computes attention where several batch items continue after one past. */
import {
  add,
  concat,
  expand,
  matmul,
  matmulT,
  mul,
  productDim,
  reshape,
  softmax,
  split,
  transpose,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import type { BlockContext, KeysValues } from "./context.ts";
import { rotate } from "./sequence.ts";

/** Repeats a past for all batch items that share it. */
export function repeated({ k, v, sharedBy }: KeysValues): KeysValues {
  if (sharedBy === undefined) return { k, v };
  const [own, ...rest] = k.shape;
  const each = (x: Value) =>
    reshape(expand(unsqueeze(x, 1), [own, sharedBy, ...rest]), [
      productDim([own, sharedBy]),
      ...rest,
    ]);
  return { k: each(k), v: each(v) };
}

/**
 * Computes attention as `attend` does, when K items of the batch share a past. One product takes the queries of all K to the past's keys and
 * values, so the past is not repeated. All arrays are `[batch/K, heads, K·pos, d_head]`. Scores and pattern have no hook
 * points here.
 */
export function attendShared(
  { q, k, v }: { q: Value; k: Value; v: Value },
  { config, sequence, hooks, past }: BlockContext & { past: KeysValues },
): { z: Value; present: KeysValues; queries: Value } {
  const [groups, H, rows, e] = q.shape;
  const [pos] = sequence.mask.shape;
  const items = productDim([groups, H, past.sharedBy!]);
  const own = (x: Value) => reshape(x, [items, pos, x.shape.at(-1)!]);
  const grouped = (x: Value) => reshape(x, [groups, H, rows, x.shape.at(-1)!]);
  // Save the operators' own outputs: saving a reshape would copy it.
  const [queries, keys] = [q, k].map((x) => rotate(reshape(x, [items, 1, pos, e]), sequence));
  hooks.save("q", queries);
  hooks.save("k", keys);
  hooks.save("v", v);

  const scaled = mul(queries, 1 / Math.sqrt(config.dHead));
  const toPast = own(matmulT(grouped(scaled), past.k));
  const scores = concat([toPast, matmulT(own(scaled), own(keys))], 2);
  const pattern = softmax(add(scores, sequence.mask));
  hooks.save("pattern", pattern);
  const [onPast, onOwn] = split(pattern, 2, [past.k.shape[2], pos]);
  const values = add(matmul(grouped(onPast), past.v), grouped(matmul(onOwn, own(v))));
  const batch = productDim([groups, past.sharedBy!]);
  const z = reshape(transpose(values, [0, 2, 1, 3]), [batch, pos, H, e]);
  return {
    z: hooks.at("attn.hook_z", z),
    present: { k: grouped(keys), v },
    queries: grouped(queries),
  };
}
