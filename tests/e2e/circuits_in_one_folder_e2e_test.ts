import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { CircuitSummary } from "../../utils/results/mod.ts";
import { inFolder, run } from "../support/run_script.ts";

const QUICK = [
  ...["--model", "pythia-nano", "--n-prompts", "4", "--ig-steps", "2", "--top-n", "20"],
  ...["--no-verify", "--no-random-baseline", "--threads", "1"],
];

const circuits = (out: string, ...args: string[]) =>
  run("get_circuits_over_time", ...QUICK, "--results-dir", out, ...args);
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const summaryIn = (out: string): CircuitSummary =>
  JSON.parse(Deno.readTextFileSync(join(out, "graphs/pythia-nano/ioi/summary.json")));

Deno.test("two get_circuits_over_time of other checkpoints fill one folder at once", () =>
  inFolder(async (out) => {
    const args = ["--transfer", "--no-pictures"];
    const ends = await Promise.all([
      circuits(out, ...args, "--custom-schedule", "0,256,512"),
      circuits(out, ...args, "--custom-schedule", "64,128,1024,2048"),
    ]);
    for (const { code, stderr } of ends) assertEquals(code, 0, stderr);
    const steps = [0, 64, 128, 256, 512, 1024, 2048];
    const { checkpoints, transfer } = summaryIn(out);
    assertEquals(checkpoints.map(({ step }) => step), steps);
    assertEquals(transfer!.steps, steps, "the transfer matrix is of all circuits");
    const whole = await circuits(join(out, "whole"), ...args, "--custom-schedule", steps.join());
    assertEquals(whole.code, 0, whole.stderr);
    assertEquals(transfer, summaryIn(join(out, "whole")).transfer);
  }));

Deno.test("get_circuits_over_time --overwrite removes the files of the checkpoints that it leaves out", () =>
  inFolder(async (out) => {
    const first = await circuits(out, "--custom-schedule", "0,512", "--verify");
    assertEquals(first.code, 0, first.stderr);
    const graphs = join(out, "graphs/pythia-nano/ioi");
    await Deno.writeTextFile(join(graphs, "raw", "0.neuronpedia.json"), "{}");
    const again = await circuits(out, "--custom-schedule", "512", "--top-n", "30", "--overwrite");
    assertEquals(again.code, 0, again.stderr);
    assertEquals(names(join(graphs, "raw")), ["0.neuronpedia.json", "512.json"]);
    assertEquals(names(join(out, "images/pythia-nano/ioi")), ["512.png", "512.svg"]);
    assertEquals(names(join(out, "faithfulness/pythia-nano/ioi")), []);
    assertEquals(summaryIn(out).checkpoints.map(({ step }) => step), [512]);
  }));
