/** Joins keys and values of positions that were run one after another. */
import { type F32, tensor } from "../../onnx/mod.ts";
import type { Past } from "./layer_runner.ts";

/**
 * Returns the keys and values of earlier positions followed by those of later ones, to continue after both.
 * @param later what a run that continued after `earlier` returned: keys and values of its own positions
 */
export function extendPast(earlier: Past, later: Past): Past {
  const layers = later.layers.map(({ k, v }, l) => ({
    k: joinPositions(earlier.layers[l].k, k),
    v: joinPositions(earlier.layers[l].v, v),
  }));
  return { length: layers[0].k.shape[2], layers };
}

/** Joins keys or values `[batch, H, positions, d_head]` along their positions. */
function joinPositions(a: F32, b: F32): F32 {
  const [batch, H, n, e] = a.shape, m = b.shape[2];
  const data = new Float32Array(batch * H * (n + m) * e);
  for (let i = 0; i < batch * H; i++) {
    data.set(a.data.subarray(i * n * e, (i + 1) * n * e), i * (n + m) * e);
    data.set(b.data.subarray(i * m * e, (i + 1) * m * e), (i * (n + m) + n) * e);
  }
  return tensor(data, [batch, H, n + m, e]);
}
