import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { assertOneLine, inFolder, run, runKilledAndAgain } from "../support/run_script.ts";
import { edgesInOrder, nBackward, nForward } from "../../utils/circuits/graph/graph.ts";
import { writeGraphJson } from "../../utils/circuits/formats/graph_json.ts";
import { ResultPaths } from "../../utils/results/result_path.ts";
import { readModelConfig } from "../../utils/model/config.ts";
import { listLocalSteps } from "../../utils/model/hub/local_steps.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));
const last = listLocalSteps(`${root}models/pythia-nano`).at(-1)!;

/** A results folder with the whole graph as the circuit of both tasks at steps 64 and last; step 0 has none in ioi. */
const withCircuits = (use: (folder: string) => Promise<void>) =>
  inFolder(async (folder) => {
    const config = await readModelConfig(`${root}models/pythia-nano/step${last}`);
    const cells = nForward(config) * nBackward(config);
    const mask = new Uint8Array(cells);
    for (const cell of edgesInOrder(config)) mask[cell] = 1;
    const nodes = new Uint8Array(nForward(config) + 1).fill(1);
    const graph = { shape: config, scores: new Float32Array(cells), mask, nodes };
    const paths = new ResultPaths(folder, "pythia-nano");
    for (const step of [64, last]) await writeGraphJson(paths.graph("ioi", step), graph, 1);
    for (const step of [0, last]) await writeGraphJson(paths.graph("greater_than", step), graph, 1);
    await use(folder);
  });

const small = ["--dataset-size", "12"];
const scores = [
  ...["--sequences", "2", "--sequence-length", "20"],
  ...["--cspa-mean-docs", "4", "--cspa-eval-docs", "2", "--cspa-tokens", "20"],
];
const SCRIPTS: { script: string; flags: string[]; steps: number[]; files: string[] }[] = [
  {
    script: "get_ioi_consistency",
    flags: [...small, ...scores],
    steps: [64, last],
    files: ["algorithmic_consistency/ioi/pythia-nano.json"],
  },
  {
    script: "get_circuit_components_over_time",
    flags: [...small, ...scores],
    steps: [64, last],
    files: [
      "components/pythia-nano/components_over_time.json",
      "components/pythia-nano/heads_over_time.json",
    ],
  },
  {
    script: "verify_greater_than",
    flags: ["--dataset-size", "60"],
    steps: [0, last],
    files: ["circuit_verification/pythia-nano/greater_than.json"],
  },
  {
    script: "get_self_repair_over_time",
    flags: [...small, "--copy-threshold", "20"],
    steps: [64, last],
    files: ["backup/pythia-nano/nmh_backup_metrics.json"],
  },
];

for (const { script, flags, steps, files } of SCRIPTS) {
  Deno.test(`${script}: killed and continued, it leaves the file of an undisturbed run`, () =>
    withCircuits(async (folder) => {
      const args = [...flags, "--custom-schedule", steps.join(), "--results-dir", folder];
      const whole = await run(script, ...args);
      assertEquals(whole.code, 0, whole.stderr);
      const expected = await Promise.all(files.map((f) => Deno.readTextFile(`${folder}/${f}`)));
      for (const file of files) await Deno.remove(`${folder}/${file}`);

      await runKilledAndAgain(script, ...args);
      for (const [i, file] of files.entries()) {
        assertEquals(await Deno.readTextFile(`${folder}/${file}`), expected[i]);
      }
    }));
}

Deno.test("get_component_swaps: a checkpoint's own heads change nothing, and the roles found before are the groups", () =>
  withCircuits(async (folder) => {
    const at = ["--custom-schedule", `64,${last}`, "--results-dir", folder];
    const components = await run("get_circuit_components_over_time", ...small, ...scores, ...at);
    assertEquals(components.code, 0, components.stderr);
    const { code, stderr } = await run("get_component_swaps", "--n-prompts", "12", ...at);
    assertEquals(code, 0, stderr);
    const file = JSON.parse(await Deno.readTextFile(`${folder}/comp_swap/pythia-nano/ioi.json`));
    const groups = Object.entries(file.checkpoints[last]) as [
      string,
      {
        baseline_val: number;
        swapped_val: Record<string, number>;
        difference: Record<string, number>;
      },
    ][];
    assert(groups.some(([name]) => name === "nmh"), JSON.stringify(groups));
    for (const [, { baseline_val, swapped_val, difference }] of groups) {
      assertEquals(Object.keys(difference), ["64", String(last)]);
      assertEquals(difference[last], 0);
      assert(difference[64] !== 0);
      assert(Math.abs(swapped_val[64] - baseline_val - difference[64]) < 1e-6);
    }
  }));

Deno.test("a checkpoint without a circuit fails alone, naming the file; without any circuit nothing starts", () =>
  withCircuits(async (folder) => {
    const flags = [...small, "--results-dir", folder];
    const some = await run("get_self_repair_over_time", ...flags, "--custom-schedule", `0,${last}`);
    assertEquals(some.code, 1, some.stderr);
    assertMatch(some.stdout, /step +0 .*failed: no circuit at .*ioi.raw.0\.json/);
    const path = `${folder}/backup/pythia-nano/nmh_backup_metrics.json`;
    assertEquals(Object.keys(JSON.parse(await Deno.readTextFile(path)).checkpoints), [`${last}`]);
    const none = await run("get_ioi_consistency", ...flags, "--custom-schedule", "0");
    assertEquals(none.code, 1);
    assertMatch(none.stderr, /no circuit of task ioi .* run get_circuits_over_time\.ts/);
  }));

Deno.test("if every checkpoint fails, there is no table and no path, and the exit code is 1", () =>
  inFolder(async (folder) => {
    const from = `${root}models/pythia-nano/step64`;
    for (const step of [1, 2]) {
      await Deno.mkdir(`${folder}/suite/step${step}`, { recursive: true });
      for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
        await Deno.copyFile(`${from}/${name}`, `${folder}/suite/step${step}/${name}`);
      }
    }
    const at = ["--results-dir", `${folder}/results`];
    for (
      const [script, ...args] of [
        ["get_new_successor_head_scores_over_time", "--model", `${folder}/suite`],
        ["get_model_task_performance", "--model-name", `${folder}/suite`, "--n-prompts", "4"],
      ]
    ) {
      const { code, stdout, stderr } = await run(script, ...args, ...at);
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /2 checkpoints failed \(step 1, 2\)/);
      assertEquals(stdout.trim().split("\n").map((line) => line.slice(0, 14)), [
        "step 1  failed",
        "step 2  failed",
      ]);
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["suite"]);
  }));

const MISTAKES: [string, string, string[], RegExp][] = [
  ["head", "get_component_swaps", ["--components", '{"x":["b1"]}'], /components\.x\[0\]: expected/],
  ["key", "get_ioi_consistency", ["--copy-treshold", "2"], /copy-treshold.*copy-threshold/],
  [
    "first step",
    "get_circuit_components_over_time",
    ["--first-step", "9999"],
    /first_step: expected at most 6144, the last checkpoint; found 9999/,
  ],
  ["number", "verify_greater_than", ["--dataset-size", "0"], /dataset-size: expected .*from 1 to/],
];
for (const [what, script, args, message] of MISTAKES) {
  Deno.test(`${script}: a wrong ${what} is reported in one line`, async () =>
    assertOneLine(await run(script, ...args), 2, message));
}
