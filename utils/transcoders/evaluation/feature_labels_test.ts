import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { uniform } from "../../../tests/support/random_model.ts";
import { tensor } from "../../onnx/mod.ts";
import { LabelMeter } from "./feature_labels.ts";

Deno.test("LabelMeter finds the label of largest F1, as counting each pair does", () => {
  const next = uniform(9);
  const [rows, F, L] = [120, 6, 5];
  const data = Float32Array.from({ length: rows * F }, () => Math.max(0, next() - 0.4));
  data.forEach((_, i) => i % F === 4 ? data[i] = 0 : undefined);
  const labels = Array.from(
    { length: rows },
    () => Array.from({ length: L }, (_, l) => `label ${l}`).filter(() => next() > 0.3),
  );
  const counted = Uint8Array.from({ length: rows }, () => Number(next() > -0.8));
  const meter = new LabelMeter(F);
  const at = (from: number, to: number) =>
    meter.add(
      tensor(data.slice(from * F, to * F), [to - from, F]),
      labels.slice(from, to),
      counted.subarray(from, to),
    );
  at(0, 50);
  at(50, rows);
  const found = meter.best();
  for (let f = 0; f < F; f++) {
    const count = (test: (row: number) => boolean) =>
      labels.filter((_, row) => counted[row] === 1 && test(row)).length;
    const fires = (row: number) => data[row * F + f] !== 0;
    const scores = Array.from({ length: L }, (_, l) => {
      const has = (row: number) => labels[row].includes(`label ${l}`);
      const both = count((row) => fires(row) && has(row));
      const [precision, recall] = [both / count(fires), both / count(has)];
      return { label: `label ${l}`, precision, recall, f1: 2 / (1 / precision + 1 / recall) };
    });
    assertEquals(found[f].fired, count(fires));
    if (f === 4) {
      assertEquals(found[f], { precision: 0, recall: 0, f1: 0, fired: 0 });
      continue;
    }
    const best = scores.reduce((a, b) => b.f1 > a.f1 ? b : a);
    assertEquals(found[f].label, best.label);
    for (const key of ["precision", "recall", "f1"] as const) {
      assertAlmostEquals(found[f][key], best[key], 1e-12);
    }
  }
});

Deno.test("LabelMeter counts a label once per row, and refuses rows without labels", () => {
  const meter = new LabelMeter(1);
  meter.add(tensor(Float32Array.of(1, 0), [2, 1]), [["a", "a", "b"], ["b"]]);
  assertEquals(meter.best(), [{ label: "a", precision: 1, recall: 1, f1: 1, fired: 1 }]);
  assertThrows(() => meter.add(tensor(Float32Array.of(1, 0), [2, 1]), [["a"]]), Error, "of 1 rows");
});
