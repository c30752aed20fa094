/** Captured rows against hook points that are read one prompt at a time. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { randomModel, smallConfig, uniform } from "../../../tests/support/random_model.ts";
import { HookedModel } from "../../model/mod.ts";
import type { TokenStream } from "../../text/mod.ts";
import { activationBatches } from "./activation_batches.ts";
import { captured } from "./captured.ts";
import { KeptRows } from "./kept_rows.ts";
import type { Tap } from "./taps.ts";

const CONTEXT = 5;

for (const architecture of ["gpt_neox", "gpt2"] as const) {
  Deno.test(`captured rows are the model's own values (${architecture})`, async () => {
    const config = smallConfig(architecture);
    const next = uniform(4);
    const texts = Array.from(
      { length: 12 },
      () => Array.from({ length: CONTEXT }, () => Math.floor((next() + 1) / 2 * config.vocabSize)),
    );
    const stream: TokenStream = {
      batch: 3,
      context: CONTEXT,
      at: (step) => Int32Array.from(texts.slice(3 * step, 3 * step + 3).flat()),
    };
    const model = HookedModel.fromSource(randomModel(config).source);
    const tap = (layer: number, inputHook: string, outputHook: string): Tap => ({
      ...{ layer, inputHook: `blocks.${layer}.${inputHook}` },
      outputHook: `blocks.${layer}.${outputHook}`,
      inputConvention: "raw",
      dIn: config.dModel,
      dOut: config.dModel,
    });
    const taps = [
      tap(0, "mlp.hook_in", "hook_mlp_out"),
      tap(1, "hook_mlp_out", "hook_mlp_out"),
    ];
    try {
      const rows = new KeptRows(stream, { excluded: [2] });
      const count = texts.flat().filter((id) => id !== 2).length;
      const size = count - count % 4;
      const batches = activationBatches(captured(model, taps, rows), {
        ...{ taps, batch: size, blockRows: size, seed: 1 },
      });
      const found = await batches.at(0);
      const expected: number[][][] = taps.map(() => []);
      for (const prompt of texts) {
        const read = [0, 1].flatMap((
          l,
        ) => [`blocks.${l}.ln2.hook_normalized`, `blocks.${l}.hook_mlp_out`]);
        const { hooks } = await model.run([prompt], { read });
        prompt.forEach((id, position) => {
          if (id === 2) return;
          const row = (
            name: string,
          ) => [...hooks.get(name)!.data.subarray(position * 12, position * 12 + 12)];
          taps.forEach(({ layer, inputHook }, i) => {
            const out = row(`blocks.${layer}.hook_mlp_out`);
            const input = inputHook.endsWith("mlp.hook_in")
              ? row(`blocks.${layer}.ln2.hook_normalized`)
              : out;
            expected[i].push([...input, ...out]);
          });
        });
      }
      const order = (a: number[], b: number[]) => a[0] - b[0];
      for (const [i, { x, y }] of found.entries()) {
        const ours = Array.from(
          { length: size },
          (_, r) => [...x.subarray(12 * r, 12 * r + 12), ...y.subarray(12 * r, 12 * r + 12)],
        ).sort(order);
        const theirs = expected[i].slice(0, size).sort(order);
        assertEquals(ours.length, theirs.length);
        ours.flat().forEach((v, n) => assertAlmostEquals(v, theirs.flat()[n], 2e-5));
      }
      assertThrows(
        () => captured(model, [tap(7, "mlp.hook_in", "hook_mlp_out")], rows),
        Error,
        "layer",
      );
      const twice = [...taps, tap(1, "mlp.hook_in", "hook_mlp_out")];
      assertThrows(() => captured(model, twice, rows), Error, "layer 1 has two");
    } finally {
      model.close();
      await model.runtime.close();
    }
  });
}
