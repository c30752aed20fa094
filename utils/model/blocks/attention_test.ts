import { assertEquals } from "@std/assert";
import { Graph, Session, tensor } from "../../onnx/mod.ts";
import { unpackedHeadFirst } from "./attention.ts";

// Heads of both sides of the width up to which q, k and v are moved at once.
for (const e of [2, 48]) {
  for (const letterAxis of [3, 2] as const) {
    Deno.test(`unpackedHeadFirst() brings heads of width ${e} to the front, letters in axis ${letterAxis}`, async () => {
      const [N, K, P, H] = [2, 3, 2, 4];
      const axes = letterAxis === 3 ? [H, 3] : [3, H];
      const g = new Graph();
      const value = g.input("packed", ["N*K", "P", ...axes, e]);
      const past = g.input("past", ["N", H, "past", e]);
      const shape = ["N", "K"].map((name) => g.input(name, [name]));
      const alone = unpackedHeadFirst({ value, letterAxis });
      const shared = unpackedHeadFirst({ value, letterAxis }, { k: past, v: past, sharedBy: "K" });
      const outputs = Object.fromEntries(
        [...alone.map((v, j) => [`alone${j}`, v]), ...shared.map((v, j) => [`shared${j}`, v])],
      );
      const session = await Session.compile({ ...outputs, n: shape[0], k: shape[1] });
      // Every element says where it stands.
      const place = (b: number, p: number, h: number, j: number, i: number) =>
        (((b * P + p) * H + h) * 3 + j) * e + i;
      const data = new Float32Array(N * K * P * H * 3 * e);
      let at = 0;
      for (let b = 0; b < N * K; b++) {
        for (let p = 0; p < P; p++) {
          for (let first = 0; first < axes[0]; first++) {
            for (let second = 0; second < axes[1]; second++) {
              const [h, j] = letterAxis === 3 ? [first, second] : [second, first];
              for (let i = 0; i < e; i++) data[at++] = place(b, p, h, j, i);
            }
          }
        }
      }
      const out = await session.run({
        packed: tensor(data, [N * K, P, ...axes, e]),
        N: tensor(new Float32Array(N), [N]),
        K: tensor(new Float32Array(K), [K]),
      });
      for (let j = 0; j < 3; j++) {
        const [own, together]: number[][] = [[], []];
        for (let n = 0; n < N; n++) {
          for (let h = 0; h < H; h++) {
            for (let k = 0; k < K; k++) {
              for (let p = 0; p < P; p++) {
                for (let i = 0; i < e; i++) together.push(place(n * K + k, p, h, j, i));
              }
            }
          }
        }
        for (let b = 0; b < N * K; b++) {
          for (let h = 0; h < H; h++) {
            for (let p = 0; p < P; p++) {
              for (let i = 0; i < e; i++) own.push(place(b, p, h, j, i));
            }
          }
        }
        assertEquals(out[`alone${j}`].shape, [N * K, H, P, e]);
        assertEquals([...out[`alone${j}`].data], own);
        assertEquals(out[`shared${j}`].shape, [N, H, K * P, e]);
        assertEquals([...out[`shared${j}`].data], together);
      }
      await session.release();
    });
  }
}
