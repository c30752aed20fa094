import { assertEquals } from "@std/assert";
import { formatTable } from "../../cli/mod.ts";
import type { CheckpointSummary } from "../../results/mod.ts";
import { circuitColumns, circuitLine, circuitRemarks } from "./table.ts";

const run = { metric: "logit_diff", threshold: 0.8 };

function checkpoint(step: number, more: Partial<CheckpointSummary>): CheckpointSummary {
  return {
    ...{ step, baseline: 3, corrupted: -3, size: 36, edges: 34, nodes: ["input", "logits"] },
    ...{ circuit: [], faithfulness: 0.81, normalized: 0.9, curve: [], random: [] },
    completeness: { sum: 6, change: 6, missing: 0.002 },
    ...more,
  };
}

const steps = new Map([
  checkpoint(256, { baseline: 0.02, corrupted: 0.036, faithfulness: 5.34, edges: 0, size: 1 }),
  checkpoint(2048, {}),
  checkpoint(4096, { faithfulness: 0.7 }),
].map((each) => [each.step, each]));

Deno.test("circuitColumns() shows no circuit where the model does not do the task", () => {
  const columns = circuitColumns(run, (step) => steps.get(step)!, {
    quadrature: "midpoint",
    intervention: "patching",
  });
  const lines = formatTable(columns, [256, 2048]).split("\n").map((line) => line.trim());
  const cells = (line: string) => line.split(/\s{2,}/);
  assertEquals(cells(lines[0]), [
    ...["clean", "corrupted", "edges taken", "edges", "nodes", "faithfulness", "above corrupted"],
    "IG missing",
  ]);
  assertEquals(cells(lines[2]), ["0.020", "0.036", "–", "–", "–", "–", "–", "–"]);
  assertEquals(cells(lines[3]), [
    ...["3.000", "-3.000", "36", "34", "2", "0.810", "0.900", "0.002"],
  ]);
});

Deno.test("circuitColumns() gives no share above corrupted where edges carry other values", () => {
  const settings = { quadrature: "midpoint", intervention: "zero" };
  const headers = circuitColumns(run, (step) => steps.get(step)!, settings)
    .map(({ header }) => header);
  assertEquals(headers.slice(-2), ["faithfulness", "IG missing"]);
});

Deno.test("circuitLine() says what happened", () => {
  assertEquals(
    circuitLine(run, steps.get(256)!),
    "clean 0.020  corrupted 0.036  the model does not do the task",
  );
  assertEquals(
    circuitLine(run, steps.get(2048)!),
    "clean 3.000  corrupted -3.000  34 edges  faithfulness 0.810",
  );
});

Deno.test("circuitRemarks() names the steps without the task and without a faithful circuit", () => {
  const all = [...steps.values()];
  assertEquals(circuitRemarks(run, all, { verify: true, end: 400 }), [
    "–: the model does not do the task (step 256)",
    "warning: no circuit of up to 400 edges reaches faithfulness 0.8 at step 4096; " +
    'raise "end", or lower "threshold"',
  ]);
  assertEquals(circuitRemarks(run, all.slice(1), { verify: false, end: 400 }), []);
});
