import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { assertOneLine, inFolder, run, runKilledAndAgain } from "../support/run_script.ts";
import { readEdgeTable } from "../support/edge_table.ts";
import { readGraphJson } from "../../utils/circuits/formats/graph_json.ts";
import { countEdges } from "../../utils/circuits/graph/circuit_mask.ts";
import type { CircuitSummary } from "../../utils/results/kinds/circuit_summary.ts";
import { readAttention } from "../../utils/results/mod.ts";
import { listLocalSteps } from "../../utils/model/hub/local_steps.ts";
import { EMBEDDED_MODELS } from "../../utils/model/hub/model_names.ts";

const STEPS = listLocalSteps(join(EMBEDDED_MODELS, "pythia-nano"));
const FINAL = STEPS.at(-1)!;
const QUICK = [
  ...["--n-prompts", "12", "--ig-steps", "5"],
  ...["--start", "20", "--end", "200", "--step", "20"],
];

const circuits = (args: string[], out: string) =>
  run("get_circuits_over_time", ...args, "--results-dir", out);

async function filesOf(dir: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(dir)) {
    const path = join(dir, entry.name);
    if (entry.isDirectory) {
      for (const [k, v] of await filesOf(path)) files.set(join(entry.name, k), v);
    } else {
      const bytes = await Deno.readFile(path);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      files.set(entry.name, [...digest].join());
    }
  }
  return files;
}

Deno.test("get_circuits_over_time writes every file of the result tree, and they agree", () =>
  inFolder(async (dir) => {
    const steps = [STEPS[0], FINAL];
    const args = [
      ...QUICK,
      "--custom-schedule",
      steps.join(),
      "--transfer",
      "--bootstrap",
      "20",
      "--mib",
    ];
    const { code, stdout, stderr } = await circuits([...args, "--attention-prompts", "2"], dir);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /Open file:.*explorer\.html/);
    const base = join(dir, "graphs", "pythia-nano", "ioi");
    const summary: CircuitSummary = JSON.parse(await Deno.readTextFile(join(base, "summary.json")));
    assertEquals(summary.checkpoints.map((c) => c.step), steps);
    assertEquals(summary.nPrompts, 12);
    const last = summary.checkpoints[1];
    const graph = await readGraphJson(join(base, "raw", `${FINAL}.json`));
    assertEquals(countEdges(graph.mask), last.edges);
    assertEquals(last.circuit.length, last.edges);
    const baselines = JSON.parse(
      await Deno.readTextFile(join(dir, "baselines", "pythia-nano", "ioi.json")),
    );
    assertEquals(baselines[FINAL], last.baseline);
    const attention = await readAttention(join(base, "attention.json"));
    assertEquals(attention.prompts[0].tokens.join(""), summary.example.clean);
    assertEquals(attention.prompts[0].marks.END, attention.prompts[0].tokens.length - 1);
    assertEquals(Object.keys(attention.steps).map(Number), steps);
    const stored = await Deno.readTextFile(join(base, "summary.json"));
    const again = await circuits([...args, "--attention-prompts", "1"], dir);
    assertEquals(again.code, 0, again.stderr);
    assertStringIncludes(again.stdout, "attention patterns added");
    assertEquals(await Deno.readTextFile(join(base, "summary.json")), stored);
    assertEquals((await readAttention(join(base, "attention.json"))).prompts.length, 1);
    const curve = JSON.parse(
      await Deno.readTextFile(join(dir, "faithfulness", "pythia-nano", "ioi", `${FINAL}.json`)),
    );
    assertEquals(curve[last.size], last.faithfulness);
    assert(last.baseline > 2, "the trained model solves the task");
    assert(last.faithfulness >= 0.8 && last.edges > 0 && last.edges <= last.size);
    const random = last.random.find((p) => p.size === last.size)!;
    assert(random.faithfulness < last.faithfulness, "the circuit beats a random one of its size");
    const rows = await readEdgeTable(join(base, "in_circuit_edges.feather"));
    assertEquals(rows.filter((r) => r.checkpoint === FINAL).length, last.edges);
    assertEquals(summary.transfer!.steps, steps);
    const own = summary.transfer!.faithfulness[1][1];
    assert(Math.abs(own - last.faithfulness) < 1e-5, "a circuit transfers to its own model");
    assert(last.circuit.every((e) => e.interval![0] <= e.score && e.score <= e.interval![1]));
    assert(last.stability! > 0 && last.stability! <= 1);
    assert(last.cpr !== undefined && last.cmd !== undefined && last.cmd >= 0);
    for (const extension of ["svg", "png"]) {
      const image = join(dir, "images", "pythia-nano", "ioi", `${FINAL}.${extension}`);
      assert((await Deno.stat(image)).size > 1000);
    }
    assertStringIncludes(await Deno.readTextFile(join(base, "explorer.html")), "<svg");
  }));

Deno.test("get_circuits_over_time, killed and started again, ends with the bytes of an unbroken run", () =>
  inFolder(async (dir) => {
    const args = [...QUICK, "--custom-schedule", STEPS.slice(-3).join(), "--no-pictures"];
    const whole = join(dir, "whole"), broken = join(dir, "broken");
    assertEquals((await circuits(args, whole)).code, 0);
    await runKilledAndAgain("get_circuits_over_time", ...args, "--results-dir", broken);
    assertEquals(await filesOf(broken), await filesOf(whole));
  }));

Deno.test("get_circuits_over_time reports an unreadable checkpoint and goes on", () =>
  inFolder(async (dir) => {
    const model = join(dir, "suite");
    for (const step of [STEPS[0], FINAL]) {
      await Deno.mkdir(join(model, `step${step}`), { recursive: true });
      const from = join(EMBEDDED_MODELS, "pythia-nano", `step${step}`);
      for await (const { name } of Deno.readDir(from)) {
        await Deno.copyFile(join(from, name), join(model, `step${step}`, name));
      }
    }
    const damaged = join(model, `step${STEPS[0]}`, "model.safetensors");
    await Deno.truncate(damaged, 5000);
    const args = [...QUICK, "--model", model, "--no-verify", "--top-n", "50", "--no-pictures"];
    const { code, stdout, stderr } = await circuits(args, join(dir, "results"));
    assertEquals(code, 1);
    assertMatch(stdout, /step +0 +failed: .*model\.safetensors/);
    assertMatch(stderr, /1 checkpoint failed \(step 0\)/);
    const summary = JSON.parse(
      await Deno.readTextFile(join(dir, "results", "graphs", "suite", "ioi", "summary.json")),
    );
    assertEquals(summary.checkpoints.length, 1);
    assertEquals(summary.failed[0].step, 0);
  }));

Deno.test("get_circuits_over_time answers a wrong key, task or schedule with one line", () =>
  inFolder(async (dir) => {
    const config = join(dir, "wrong.json");
    await Deno.writeTextFile(config, JSON.stringify({ model: "pythia-nano", ig_step: 5 }));
    for (
      const [args, code, pattern] of [
        [[config], 2, /wrong\.json.*ig_step.*ig_steps/],
        [["--task", "iio"], 2, /iio.*ioi.*greater_than/],
        [["--ckpt-schedule", "sparse"], 2, /pythia-nano has no step/],
        [["--model", "pythia-nan"], 2, /pythia-nan.*pythia-nano/],
        [["--method", "EAP-IG"], 2, /method.*EAP-IG-inputs/],
      ] as [string[], number, RegExp][]
    ) {
      assertOneLine(await circuits(args, dir), code, pattern);
    }
  }));
