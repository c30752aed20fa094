import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import { featureDashboards } from "../../utils/results/mod.ts";

const CONFIG = "configs/dashboards/pythia-nano.json";

Deno.test("get_feature_dashboards makes dashboards beside their floor, and a page of them", () =>
  inFolder(async (folder) => {
    const results = ["--results-dir", folder, "--threads", "1"];
    const small = ["--text-tokens", "4096", "--layers", "0,2"];
    const start = ["get_feature_dashboards", CONFIG, ...results, ...small] as const;
    const end = await run(...start, "--exports", "circuit-tracer,neuronpedia");
    assertEquals(end.code, 0, end.stderr);
    assertMatch(
      end.stdout,
      /step 6144: estimated .* for the text, \d+ MB besides model and coders/,
    );
    assertMatch(end.stdout, /^6144 +\d+ +0\.\d\d \(0\.\d\d\)/m);
    const below = join(folder, "dashboards/pythia-nano/step6144"),
      path = join(below, "dashboards.json");
    const { header, entries } = await featureDashboards.read(path);
    assertEquals(header.vocabulary.length, 1423);
    const { layers, scores, rows, tokens } = entries.get(6144)!;
    assertEquals(layers.map(({ layer, features }) => [layer, features.length]), [[0, 768], [
      2,
      768,
    ]]);
    assert(scores.includes("label") && tokens > 3500 && tokens < 4096);
    for (const { summary, floor_l0, l0 } of layers) {
      const { coder, floor } = summary.rule;
      assert(coder.mean![0] > floor.mean![0], "a random coder's rules are better");
      assert(Math.abs(l0 - floor_l0) < 1);
    }
    // every example's tokens are there
    for (const { features } of layers) {
      for (const { top = [] } of features) {
        for (const [row, peak] of top) assert(rows[row].length > peak);
      }
    }
    for (
      const file of ["features/index.json.gz", "features/layer_2.bin", "neuronpedia/0/batch-2.json"]
    ) {
      assert((await Deno.stat(join(below, file))).size > 100, file);
    }
    const before = await Deno.readTextFile(path);
    const again = await run(...start);
    assertEquals(again.code, 0, again.stderr);
    assertEquals(await Deno.readTextFile(path), before);
    const page = await run("plotting/dashboards", below);
    assertEquals(page.code, 0, page.stderr);
    const html = await Deno.readTextFile(join(below, "dashboards.html"));
    assertMatch(html, /What the features of pythia-nano fire on at step 6,144/);
  }));

Deno.test("get_feature_dashboards says which coders it did not find", () =>
  inFolder(async (folder) => {
    const end = await run("get_feature_dashboards", CONFIG, "--coders", join(folder, "step{step}"));
    assertOneLine(end, 2, /found none of the set main .*train_transcoder\.ts/);
    const two = await run(
      "get_feature_dashboards",
      CONFIG,
      "--coders",
      folder,
      "--checkpoints",
      "1024,6144",
    );
    assertOneLine(two, 2, /names one set of transcoders for 2 checkpoints/);
  }));
