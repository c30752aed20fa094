import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../support/coder_cases.ts";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import { conservation, neuronpediaSchema, readGraph } from "../../utils/feature_circuits/mod.ts";
import { graphIndexSchema } from "../../utils/feature_circuits/mod.ts";
import { writeCoder } from "../../utils/transcoders/formats/native.ts";

/** Writes random coders of all layers of pythia-nano. */
async function writeCoders(folder: string, layers = 4): Promise<void> {
  for (let layer = 0; layer < layers; layer++) {
    const coder = randomCoder({
      dIn: 96,
      dOut: 96,
      features: 60,
      layer,
      activation: { name: "topk", k: 6 },
      inputHook: `blocks.${layer}.mlp.hook_in`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
    }, layer + 1);
    await writeCoder(join(folder, `layer_${layer}`), coder);
  }
}

const PROMPT = "When Alex and Anthony went to the school, Anthony gave a ring to";

Deno.test("get_attribution_graph writes graphs of a task's prompts that fit the schema and conserve", () =>
  inFolder(async (folder) => {
    await writeCoders(join(folder, "sets/step6144"));
    const results = ["--results-dir", join(folder, "results"), "--threads", "1"];
    const coders = ["--coders", join(folder, "sets/step{step}")];
    const config = "configs/attribution_graph/pythia-nano_ioi.json";
    const end = await run("get_attribution_graph", config, "--n", "2", ...coders, ...results);
    assertEquals(end.code, 0, end.stderr);
    assertMatch(end.stdout, /^pythia-nano, step 6144/m);
    assertMatch(end.stdout, /warning: poor coders for this prompt: they miss \d+ % of MLP 0/);
    assertMatch(end.stdout, /ioi-1 +\d+/);
    const dir = join(folder, "results/attribution_graphs/pythia-nano/step6144");
    const index = JSON.parse(await Deno.readTextFile(join(dir, "graph-metadata.json")));
    assertEquals(graphIndexSchema.parse(index).graphs.map(({ slug }) => slug), ["ioi-0", "ioi-1"]);
    for (const slug of ["ioi-0", "ioi-1"]) {
      const json = neuronpediaSchema.parse(
        JSON.parse(await Deno.readTextFile(join(dir, `${slug}.json`))),
      );
      const { graph, about } = await readGraph(join(dir, "exact", slug));
      assert(conservation(graph).ofLargest < 1e-5);
      assertEquals(json.metadata.prompt_tokens.length, graph.tokens.length);
      assertEquals(json.metadata.prompt, about.prompt);
      assertEquals(json.metadata.scan, "pythia-nano");
      assertEquals(graph.targets.length, 1);
      // The value of the target is the logit difference that the script prints.
      const value = graph.values[graph.activations.length];
      assert(end.stdout.includes(` = ${value.toFixed(3)}`), `${value}`);
      assertEquals(about.settings.step, 6144);
    }
    const page = await Deno.readTextFile(join(dir, "attribution_graphs.html"));
    assert(end.stdout.includes(`page: ${join(dir, "attribution_graphs.html")}`), end.stdout);
    assertEquals(page.match(/"slug":"ioi-\d"/g), ['"slug":"ioi-0"', '"slug":"ioi-1"']);
    const again = join(folder, "again");
    await run("get_attribution_graph", config, "--n", "1", ...coders, "--output-dir", again);
    for (const file of ["ioi-0.json", "exact/ioi-0.json", "exact/ioi-0.safetensors"]) {
      assertEquals(await Deno.readFile(join(again, file)), await Deno.readFile(join(dir, file)));
    }
  }));

Deno.test("get_attribution_graph takes a prompt as text, other targets and a cap", () =>
  inFolder(async (folder) => {
    await writeCoders(join(folder, "set"));
    const shared = ["--coders", join(folder, "set"), "--output-dir", join(folder, "out")];
    const prompt = ["--prompt", PROMPT, "--slug", "mine", "--threads", "1", "--step", "1024"];
    const logits = await run("get_attribution_graph", ...prompt, ...shared, "--max-nodes", "30");
    assertEquals(logits.code, 0, logits.stderr);
    const { graph } = await readGraph(join(folder, "out/exact/mine"));
    assertEquals(graph.activations.length, 30);
    assert(graph.targets.length > 1 && graph.targets.every(({ token }) => token !== undefined));
    assert(graph.leftOut!.features > 0 && conservation(graph).ofLargest < 1e-5);

    const [layer, position, feature] = graph.features.subarray(3 * 20);
    const target = ["--target", "feature", "--target-layer", `${layer}`];
    const of = [...target, "--target-index", `${feature}`, "--target-position", `${position}`];
    const single = await run("get_attribution_graph", ...prompt, ...shared, ...of);
    assertEquals(single.code, 0, single.stderr);
    const one = await readGraph(join(folder, "out/exact/mine"));
    const K = one.graph.activations.length;
    assertAlmostEquals(one.graph.values[K], graph.activations[20], 1e-4);
  }));

Deno.test("get_attribution_graph names mistakes in one line", () =>
  inFolder(async (folder) => {
    await writeCoders(join(folder, "set"), 3);
    const script = "get_attribution_graph";
    const coders = ["--coders", join(folder, "set")];
    assertOneLine(await run(script, "--task", "ioi", ...coders), 2, /layers 0, 1, 2; .* 0 … 3/);
    assertOneLine(
      await run(script, "--task", "ioi", "--step", "7"),
      2,
      /step: pythia-nano has no step 7/,
    );
    assertOneLine(
      await run(script, "--task", "ioi", "--target", "neuron", "--target-layer", "1"),
      2,
      /--target-index: .*target "neuron" needs/,
    );
  }));
