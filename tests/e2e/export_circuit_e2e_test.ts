import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl } from "@std/path";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import { circuitEdges } from "../../utils/circuits/graph/circuit_edges.ts";
import { readGraphJson, writeGraphJson } from "../../utils/circuits/formats/graph_json.ts";
import { edgesInOrder, nBackward, nForward } from "../../utils/circuits/graph/graph.ts";
import { greedySelection } from "../../utils/circuits/choice/selection.ts";
import { countEdges } from "../../utils/circuits/graph/circuit_mask.ts";
import { pruneCircuit } from "../../utils/circuits/graph/pruning.ts";
import { readModelConfig } from "../../utils/model/config.ts";
import { ResultPaths } from "../../utils/results/result_path.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const RESULTS = new ResultPaths(`${ROOT}tests/reference/result_files`, "pythia-nano");

/** A results folder with a summary and a graph of made-up scores, whose circuit is the greedy one of 60 edges. */
const withGraph = (use: (path: string, folder: string) => Promise<void>) =>
  inFolder(async (folder) => {
    const shape = await readModelConfig(`${ROOT}models/pythia-nano/step2560`);
    const scores = new Float32Array(nForward(shape) * nBackward(shape));
    for (const cell of edgesInOrder(shape)) scores[cell] = Math.fround(Math.sin(7 * cell) / 3);
    const mask = pruneCircuit(shape, greedySelection(shape, scores, 60));
    const paths = new ResultPaths(folder, "pythia-nano");
    const path = paths.graph("ioi", 2560);
    await writeGraphJson(path, { shape, dModel: shape.dModel, scores, mask }, 2);
    await Deno.copyFile(RESULTS.summary("ioi"), paths.summary("ioi"));
    await use(path, dirname(path));
  });

Deno.test("export_circuit writes a circuit for Neuronpedia, with the run's prompt in tokens", () =>
  withGraph(async (path, folder) => {
    const { code, stdout, stderr } = await run("export_circuit", "--graph", path);
    assertEquals(code, 0, stderr);
    const output = `${folder}/2560.neuronpedia.json`;
    const { shape, scores, mask } = await readGraphJson(path);
    assertEquals(
      stdout.trim().replace(/between \d+ nodes/, "…"),
      `${countEdges(mask)} edges … written to ${output}`,
    );
    const { metadata, nodes, links } = JSON.parse(await Deno.readTextFile(output));
    assertEquals([metadata.slug, metadata.scan], ["pythia-nano-ioi-2560", "pythia-nano"]);
    const summary = JSON.parse(await Deno.readTextFile(RESULTS.summary("ioi")));
    assertEquals(metadata.prompt, summary.example.clean);
    assertEquals(metadata.prompt_tokens.at(-1), " to");
    const circuit = circuitEdges(shape, scores, mask);
    assertEquals(nodes.length, new Set(circuit.flatMap((e) => [e.source, e.target])).size);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const difference = sum(links.map((l: { weight: number }) => l.weight)) -
      sum(circuit.map((e) => e.score));
    assert(Math.abs(difference) < 1e-6);
  }));

Deno.test("export_circuit chooses again, and writes EAP-IG's format, Graphviz and a picture", () =>
  withGraph(async (path, folder) => {
    const chosen = await run(
      "export_circuit",
      ...["--graph", path, "--select", "greedy", "--n", "30", "--format", "eap-ig"],
    );
    assertEquals(chosen.code, 0, chosen.stderr);
    const { shape, scores, mask } = await readGraphJson(`${folder}/2560.eap-ig.json`);
    assertEquals(mask, pruneCircuit(shape, greedySelection(shape, scores, 30)));
    const dot = await run("export_circuit", "--graph", path, "--format", "dot");
    assertEquals(dot.code, 0, dot.stderr);
    assertStringIncludes(await Deno.readTextFile(`${folder}/2560.dot`), "graph");
    const picture = await run(
      "export_circuit",
      ...["--graph", path, "--select", "nodes", "--n", "5", "--format", "svg"],
      ...["--output", `${folder}/nodes.svg`],
    );
    assertEquals(picture.code, 0, picture.stderr);
    assertMatch(picture.stdout, /^\d+ edges between \d+ nodes written to .*nodes\.svg/);
    assertStringIncludes(await Deno.readTextFile(`${folder}/nodes.svg`), "<svg");
  }));

const MISTAKES: [string, string[], number, RegExp][] = [
  ["graph", [], 2, /--graph: expected a non-empty string, found nothing/],
  ["path", ["--graph", "nowhere.json"], 1, /no graph file nowhere\.json; run get_circuits_over/],
  ["format", ["--graph", "x.json", "--format", "pdf"], 2, /--format: expected one of "neuronped/],
  ["size", ["--graph", "x.json", "--select", "topn", "--n", "0"], 2, /--n: expected .* ≥ 1/],
];
for (const [what, args, code, message] of MISTAKES) {
  Deno.test(`export_circuit: a wrong ${what} is reported in one line`, async () =>
    assertOneLine(await run("export_circuit", ...args), code, message));
}
