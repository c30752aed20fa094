import { assert, assertEquals } from "@std/assert";
import { assertOneLine, inFolder, run, runKilledAndAgain } from "../support/run_script.ts";
import { nameMovers } from "../../utils/results/name_movers.ts";
import { fullModelComponents } from "../../utils/results/kinds/full_model_components.ts";
import { listLocalSteps } from "../../utils/model/hub/local_steps.ts";

const root = new URL("../../", import.meta.url);
const last = listLocalSteps(new URL("models/pythia-nano", root).pathname).at(-1)!;

const SCRIPTS = [
  {
    script: "get_full_model_components_over_time",
    config: "configs/comp/pythia-nano.json",
    flags: ["--dataset-size", "40"],
    file: "components/pythia-nano/full_model_components_over_time.json",
  },
  {
    script: "get_new_successor_head_scores_over_time",
    config: "configs/successor/pythia-nano.json",
    flags: [],
    file: "components/pythia-nano/successor_heads_over_time.json",
  },
  {
    script: "get_model_cspa",
    config: "configs/cspa/pythia-nano.json",
    flags: ["--mean-docs", "6", "--eval-docs", "2"],
    file: "cspa/pythia-nano/all_checkpoints.json",
  },
];

for (const { script, config, flags, file } of SCRIPTS) {
  Deno.test(`${script}: killed and continued, it leaves the file of an undisturbed run`, () =>
    inFolder(async (folder) => {
      const args = (part: string) => [
        ...[config, ...flags, "--custom-schedule", `0,64,${last}`],
        ...["--results-dir", `${folder}/${part}`],
      ];
      const whole = await run(script, ...args("whole"));
      assertEquals(whole.code, 0, whole.stderr);

      await runKilledAndAgain(script, ...args("parts"));
      assertEquals(
        await Deno.readTextFile(`${folder}/parts/${file}`),
        await Deno.readTextFile(`${folder}/whole/${file}`),
      );

      const { shape, checkpoints } = JSON.parse(await Deno.readTextFile(`${folder}/whole/${file}`));
      assertEquals(Object.keys(checkpoints), ["0", "64", String(last)]);
      for (const grid of Object.values(checkpoints["64"]).flatMap(gridsOf)) {
        assertEquals([grid.length, ...new Set(grid.map((row) => row.length))], [
          shape.nLayers,
          shape.nHeads,
        ]);
      }
    }));
}

/** All `[L][H]` grids of an entry. */
function gridsOf(value: unknown): number[][][] {
  return Array.isArray(value) ? [value] : Object.values(value as object).flatMap(gridsOf);
}

Deno.test("name movers of the embedded suite: none at step 0, at least one at the end", () =>
  inFolder(async (folder) => {
    const [{ script, config, file }] = SCRIPTS;
    const { code, stderr } = await run(
      script,
      ...[config, "--custom-schedule", `0,${last}`, "--results-dir", folder],
    );
    assertEquals(code, 0, stderr);
    const { entries } = await fullModelComponents.read(`${folder}/${file}`);
    assertEquals(nameMovers(entries.get(0)!), []);
    assert(nameMovers(entries.get(last)!).length >= 1);
  }));

const MISTAKES: [string, string, string[], number, RegExp][] = [
  ["key", "get_model_cspa", ["--star-layer", "2"], 2, /star-layer.*start-layer/],
  [
    "number of documents",
    "get_model_cspa",
    ["--eval-docs", "200"],
    2,
    /eval-docs: expected at most mean_docs/,
  ],
  ["layer", "get_model_cspa", ["--start-layer", "9"], 2, /start_layer: .* layers 0 … \d, found 9/],
  ["text", "get_model_cspa", ["--text", "nowhere.txt"], 1, /cannot read text nowhere\.txt/],
  [
    "length",
    "get_full_model_components_over_time",
    ["--sequence-length", "5000"],
    2,
    /sequence_length: pythia-nano has \d+ positions, so at most \d+/,
  ],
];
for (const [what, script, args, code, message] of MISTAKES) {
  Deno.test(`${script}: a wrong ${what} is reported in one line`, () =>
    inFolder(async (folder) => {
      const result = await run(
        script,
        ...[...args, "--custom-schedule", "0", "--results-dir", folder],
      );
      assertOneLine(result, code, message);
      assertEquals([...Deno.readDirSync(folder)], []);
    }));
}
