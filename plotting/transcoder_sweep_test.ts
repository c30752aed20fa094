import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { transcoderSweeps } from "../utils/results/kinds/transcoder_sweep.ts";
import { logTicks } from "./figures/log_axis.ts";
import { kindOf, sweepFigure } from "./transcoder_sweep.ts";

const FILE = fromFileUrl(
  new URL(
    "../tests/reference/result_files/transcoders/pythia-nano/ioi/sweep.json",
    import.meta.url,
  ),
);

Deno.test("logTicks() has 1, 2, 5 in short ranges and decades in long ones", () => {
  assertEquals(logTicks([0.5, 1.5]), [5, 10, 20]);
  assertEquals(logTicks([-0.05, 1.4]), [1, 2, 5, 10, 20]);
  assertEquals(logTicks([-2.5, 0.2]), [0.01, 0.1, 1]);
});

Deno.test("sweepFigure() draws a line per kind and width in every panel, with the file's numbers", async () => {
  const { entries } = await transcoderSweeps.read(FILE);
  const sweep = entries.get(2560)!;
  const ce = sweepFigure("m", 2560, sweep, "ce");
  const lines = ce.data.filter(({ customdata }) => customdata);
  // Three lines (TopK of two widths, ReLU of one) in three panels: all layers, layer 1, layer 3.
  assertEquals(lines.length, 9);
  const [four, eight] = ["topk-k4-f96", "topk-k8-f96"].map((name) =>
    sweep.arms.find((arm) => arm.name === name)!
  );
  assertEquals(lines[0].y, [four, eight].map(({ coders }) => coders.propagating.delta_ce));
  assertEquals(lines[0].xaxis, "x");
  assertEquals(lines[6].y, [four, eight].map(({ coders }) => coders.places[1].alone.delta_ce));
  assertEquals(lines[6].x, [four, eight].map(({ coders }) => coders.places[1].l0));
  // The ReLU arm is beaten by a TopK arm of its width: hollow.
  const relu = lines.find(({ customdata }) => (customdata as string[][])[0][0].startsWith("relu"))!;
  assertEquals((relu.marker as { symbol: string[] }).symbol, ["circle-open"]);
  const labels = ce.data.find(({ mode, xaxis }) => mode === "text" && xaxis === "x")!;
  const named = (labels.text as string[]).map((text) => text.trim()).sort();
  assertEquals(named, [
    "mean ablation",
    "random coder",
    "real neurons",
    "skip alone",
    "unigram table",
  ]);
  // Labels do not overlap: they are at least a line apart.
  const [low, high] = (ce.layout.yaxis as { range: [number, number] }).range;
  const places = (labels.y as number[]).map(Math.log10).sort((a, b) => a - b);
  places.slice(1).forEach((y, i) => assert(y - places[i] > 0.99 * (high - low) / 20));

  const fvu = sweepFigure("m", 2560, sweep, "fvu");
  const drawn = fvu.data.filter(({ customdata }) => customdata);
  assertEquals(drawn.length, 6);
  assertAlmostEquals((drawn[0].y as number[])[1], eight.coders.places[0].fvu);
});

Deno.test("kindOf() names what makes arms differ besides width and sparsity", async () => {
  const [arm] = (await transcoderSweeps.read(FILE)).entries.get(64)!.arms;
  assertEquals(kindOf(arm), "TopK");
  const settings = { k: 4, features: 96, hook_point: "x", lr: 0.1, skip: true };
  assertEquals(kindOf({ ...arm, skip: true, settings }), "TopK + skip, lr 0.1");
  assertEquals(kindOf({ ...arm, kind: "sae" }), "TopK SAE");
});
