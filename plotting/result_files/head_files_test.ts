import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UserError } from "../../utils/base/user_error.ts";
import { SOME_HEADS, writeMadeUpHeads } from "../testing/made_up_heads.ts";
import { inFolder } from "../testing/small_series.ts";
import { ofOneModel, readHeadSeries } from "./head_files.ts";
import { HEAD_MEASURES } from "./head_measures.ts";

Deno.test("readHeadSeries() finds scores below a folder, in shown units, and skips other files", () =>
  inFolder(async (folder) => {
    await writeMadeUpHeads(folder);
    await Deno.writeTextFile(`${folder}/other.json`, "[1, 2");
    const all = await readHeadSeries([folder]);
    const names = all.map(({ measure }) => measure.name);
    const undetailed = Object.entries(HEAD_MEASURES)
      .filter(([format]) => !format.includes("circuit_components"))
      .flatMap(([, measures]) => measures.filter((m) => !m.detail).map((m) => m.name));
    assertEquals(names, undetailed);
    const [cspa] = await readHeadSeries([folder], ["cspa"]);
    const file = `${folder}/cspa/${SOME_HEADS.model}/all_checkpoints.json`;
    const stored = JSON.parse(await Deno.readTextFile(file)).checkpoints["143000"].scores;
    assertAlmostEquals(cspa.grids.at(-1)![10][1], 100 * stored[10][1], 1e-12);
    assertEquals(cspa.steps, SOME_HEADS.steps);
    const tertiary = all.find(({ measure }) => measure.name === "tertiary_effect")!;
    assertEquals(tertiary.grids[0], null);
  }));

Deno.test("reading head scores reports what is wrong, and where", () =>
  inFolder(async (folder) => {
    await assertRejects(() => readHeadSeries([folder]), UserError, "no such result file below");
    await assertRejects(() => readHeadSeries([`${folder}/no`]), UserError, "found nothing at");
    const file = `${folder}/scores.json`;
    const write = (value: unknown) => Deno.writeTextFile(file, JSON.stringify(value));
    const good = {
      format: "circuits-over-time/cspa/1",
      model: "m",
      shape: { nLayers: 1, nHeads: 2 },
      checkpoints: { 8: { scores: [[0.1, 0.2]], kl_kept: [[0, 0]], kl_ablated: [[1, 1]] } },
    };
    await write(good);
    await assertRejects(() => readHeadSeries([file], ["copying"]), UserError, '"copying"');
    const [entry] = Object.values(good.checkpoints);
    await write({ ...good, checkpoints: { 8: { ...entry, scores: [[0.1]] } } });
    await assertRejects(
      () => readHeadSeries([file]),
      UserError,
      "checkpoints.8.scores: expected 1",
    );
    await write({ ...good, checkpoints: undefined });
    await assertRejects(() => readHeadSeries([file]), UserError, "without entries of checkpoints");
    await write({ ...good, shape: { nLayers: 1 } });
    await assertRejects(
      () => readHeadSeries([file]),
      UserError,
      "shape.nHeads: expected an integer, found nothing; move it away, or make it again with get_model_cspa.ts",
    );
    await Deno.writeTextFile(file, '{"format": "circuits-over-time/cspa/1", "mod');
    await assertRejects(() => readHeadSeries([file]), UserError, "scores.json");
    await write({ format: "other" });
    await assertRejects(() => readHeadSeries([file]), UserError, "found other");
  }));

Deno.test("ofOneModel() names the models if there is more than one", () => {
  const measure = HEAD_MEASURES["circuits-over-time/cspa/1"][0];
  const shape = { nLayers: 1, nHeads: 1 };
  const of = (model: string) => ({ model, measure, shape, steps: [0], grids: [null] });
  assertEquals(ofOneModel([of("m"), of("m")]).length, 2);
  assertThrows(() => ofOneModel([of("m"), of("n")]), UserError, "m, n");
});
