import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../support/coder_cases.ts";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import { writeCoder } from "../../utils/transcoders/formats/native.ts";

const PROMPT = "When Alex and Anthony went to the school, Anthony gave a ring to";

/** Random coders of pythia-nano without Top-K, so that a feature is active where its pre-activation is positive. */
async function writeCoders(folder: string): Promise<void> {
  for (let layer = 0; layer < 4; layer++) {
    const coder = randomCoder({
      dIn: 96,
      dOut: 96,
      features: 30,
      layer,
      activation: { name: "relu" },
      inputHook: `blocks.${layer}.mlp.hook_in`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
    }, layer + 1);
    await writeCoder(join(folder, `layer_${layer}`), coder);
  }
}

Deno.test("get_feature_paths answers each of its questions and writes what it prints", () =>
  inFolder(async (folder) => {
    await writeCoders(join(folder, "set"));
    const shared = [
      ...["--coders", join(folder, "set"), "--results-dir", join(folder, "results")],
      ...["--threads", "1"],
    ];
    const read = async (name: string) =>
      JSON.parse(
        await Deno.readTextFile(
          join(folder, "results/feature_paths/pythia-nano/step6144", `${name}.json`),
        ),
      );
    const script = "get_feature_paths";
    const config = "configs/feature_paths/pythia-nano_ioi.json";
    const answers = await run(script, config, "--n", "1", ...shared);
    assertEquals(answers.code, 0, answers.stderr);
    const { root, lists, balances, format } = await read("paths_ioi-0");
    assertEquals(format, "circuits-over-time/feature_paths/1");
    assertEquals(lists.length, 3);
    assert(lists[0].length === 8 && lists[0][0].length === 2);
    const [{ name: _, contribution, residual: __, ...parts }] = balances;
    const sum = Object.values(parts as Record<string, number>).reduce((a, b) => a + b, 0);
    assertAlmostEquals(sum, contribution, 1e-4);
    assertAlmostEquals(contribution, root.contribution, 1e-9);

    const feature = ["--layer", "2", "--feature", "3"];
    const paths = await run(script, "paths", ...feature, "--prompt", PROMPT, ...shared);
    assertEquals(paths.code, 0, paths.stderr);
    assertMatch(paths.stdout, /mlp2tc\[3\]@\d+/);

    const pullback = await run(script, "pullback", ...feature, "--heads", "1.2", ...shared);
    assertEquals(pullback.code, 0, pullback.stderr);
    const { connections } = await read("pullback_2.3");
    assertEquals(connections.map(({ name }: { name: string }) => name), [
      "features of layer 0",
      "features of layer 1",
      "features of layer 0 through head 1.2",
    ]);
    for (const { largest, values } of connections) {
      assertAlmostEquals(largest[0].value, Math.max(...values), 1e-5);
    }
    const tokens = await run(script, "deembedding", ...feature, "--k", "2", ...shared);
    assertMatch(tokens.stdout, /largest +value +smallest +value/);
    const ov = await run(script, "ov", ...feature, ...shared);
    assertMatch(ov.stdout, /head 5/);
    assertEquals((await read("ov_2.3")).norms.length, 2);

    const text = ["--text-tokens", "256", "--batch", "2"];
    const mean = await run(script, "ixg", ...feature, ...text, ...shared);
    assertEquals(mean.code, 0, mean.stderr);
    const found = await read("ixg_2.3");
    assert(found.tokens > 200 && found.tokens <= 256);
    const signs = (values: number[]) => values.map(Math.sign);
    // With activations not below zero, a mean has the sign of its connection.
    signs(found.connections[0].values).forEach((sign, f) =>
      assert(sign === 0 || sign === Math.sign(connections[0].values[f]))
    );
  }));

Deno.test("get_feature_paths names mistakes in one line", async () => {
  const script = "get_feature_paths";
  assertOneLine(await run(script, "pullback", "--layer", "1"), 2, /--feature: .*pullback needs/);
  assertOneLine(await run(script, "paths", "--cap", "most"), 2, /--cap: expected .*smallest/);
});
