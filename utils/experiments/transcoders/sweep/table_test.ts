import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { parse } from "@std/csv";
import { transcoderSweeps } from "../../../results/mod.ts";
import { sweepCsv, sweepMarkdown, sweepRows } from "./table.ts";

const FILE = fromFileUrl(
  new URL(
    "../../../../tests/reference/result_files/transcoders/pythia-nano/ioi/sweep.json",
    import.meta.url,
  ),
);

Deno.test("the tables have the file's numbers: arms, then floors", async () => {
  const sweep = (await transcoderSweeps.read(FILE)).entries.get(2560)!;
  const names = [
    ...["topk-k4-f96", "topk-k4-f192", "topk-k8-f96", "relu-l1_0.01-f96"],
    ...["zero ablation", "mean ablation", "unigram table", "linear map"],
  ];
  assertEquals(sweepRows(sweep).map(({ name }) => name), names);
  const rows = parse(sweepCsv(sweep), { skipFirstRow: true }) as Record<string, string>[];
  assertEquals(rows.map(({ name }) => name), names);
  const arm = sweep.arms[1];
  const { places: [first, second], propagating } = arm.coders;
  assertEquals(Number(rows[1].delta_ce), propagating.delta_ce);
  assertEquals(Number(rows[1].l0_layer_3), second.l0);
  assertEquals(Number(rows[1].fvu), (first.fvu + second.fvu) / 2);
  assertEquals(Number(rows[1].delta_ce_neurons), arm.floors.neurons.propagating.delta_ce);
  assertEquals([rows[1].sparsity_key, rows[1].sparsity, rows[1].front], ["k", "4", "true"]);
  assertEquals([rows[5].l0, rows[5].front], ["", ""]);
  assertEquals(
    Number(rows[5].delta_ce_layer_1),
    sweep.streams[0].floors.mean.places[0].alone.delta_ce,
  );
  const lines = sweepMarkdown(sweep).split("\n");
  const cells = lines[3].split(" | ");
  assertEquals(cells.slice(0, 2), ["| topk-k4-f192", "192"]);
  assertEquals(cells[4], propagating.delta_ce.toFixed(4));
  assertStringIncludes(lines[3], "★");
  assertEquals(lines.slice(2, 10).map((line) => line.split(" | ")[0].slice(2)), names);
});
