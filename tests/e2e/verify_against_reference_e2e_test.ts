import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { run } from "../support/run_script.ts";
import { openSafetensors, writeSafetensors } from "../../utils/tensor_files/safetensors.ts";

const REFERENCE = new URL("../reference/", import.meta.url).pathname;

const verify = (...args: string[]) => run("verify_against_reference", ...args);

interface Line {
  case: string;
  quantity: string;
  error: number | null;
  tolerance: number | null;
  ok: boolean | null;
}

const lines = (text: string): Line[] => text.trim().split("\n").map((line) => JSON.parse(line));

/** A copy of a case in which one reference tensor is changed, or one of another name is added. */
async function altered(from: string, alter: (values: Map<string, Float32Array>) => void) {
  const dir = await Deno.makeTempDir();
  await Deno.symlink(join(from, "model"), join(dir, "model"));
  await Deno.copyFile(join(from, "prompts.json"), join(dir, "prompts.json"));
  const expected = await openSafetensors(join(from, "expected.safetensors"));
  const wanted = expected.names().filter((n) => n.startsWith("logits."));
  const values = new Map<string, Float32Array>();
  for (const name of wanted) values.set(name, await expected.read(name));
  alter(values);
  const tensors = [...values].map(([name, data]) => {
    const shape = expected.has(name) ? expected.info(name).shape : [data.length];
    return [name, { dtype: "F32" as const, shape, data }];
  });
  await writeSafetensors(join(dir, "expected.safetensors"), Object.fromEntries(tensors));
  return dir;
}

Deno.test("verify_against_reference passes both reference cases", async () => {
  const { code, stdout } = await verify(join(REFERENCE, "neox"), join(REFERENCE, "gpt2"), "--json");
  const found = lines(stdout);
  assertEquals(found.filter((line) => line.ok === false), []);
  assertEquals(code, 0);
  for (const arch of ["neox", "gpt2"]) {
    for (
      const quantity of [
        "logits.clean",
        "logits.corrupted",
        "nodes.first_prompt",
        "heads.prev_token",
        "heads.duplicate_token",
        "heads.induction",
        "baseline.logit_diff",
        "baseline.prob_diff",
        "baseline_corrupted.logit_diff",
      ]
    ) {
      const line = found.find((l) => l.case.endsWith(arch) && l.quantity === quantity);
      assertEquals(line?.ok, true, `${arch} ${quantity}`);
      assert(line!.error! > 0 && line!.error! <= 2e-5 && line!.tolerance === 2e-5);
    }
  }
});

Deno.test("verify_against_reference exits 1 when one reference value is false", async () => {
  const dir = await altered(join(REFERENCE, "neox"), (values) => {
    values.get("logits.clean")![5] *= 1.001;
  });
  try {
    const { code, stdout } = await verify(dir, "--json");
    assertEquals(code, 1);
    assertEquals(lines(stdout).map(({ quantity, ok }) => [quantity, ok]), [
      ["logits.clean", false],
      ["logits.corrupted", true],
    ]);
    const table = await verify(dir);
    assertEquals(table.code, 1);
    assert(/logits\.clean .*OUT/.test(table.stdout), table.stdout);
    assert(/logits\.corrupted .*ok/.test(table.stdout), table.stdout);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("verify_against_reference never passes a quantity that it cannot compute", async () => {
  const dir = await altered(join(REFERENCE, "gpt2"), (values) => {
    values.set("phlogiston.logit_diff", Float32Array.of(0, 0));
  });
  try {
    const { stdout } = await verify(dir, "--json");
    const line = lines(stdout).find((l) => l.quantity === "phlogiston.logit_diff");
    assertEquals([line?.error, line?.ok], [null, null]);
    const table = await verify(dir, "--only", "phlogiston");
    assert(/phlogiston\.logit_diff .*not implemented/.test(table.stdout), table.stdout);
    assertEquals(table.code, 1, "nothing compared is not a success");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("verify_against_reference passes a case of transcoders, with the model of its namesake", async () => {
  const dir = join(REFERENCE, "transcoders/neox");
  for (
    const [only, quantities] of [
      ["forward.relu.", [
        "activations",
        "replaced_logits",
        "layers.fvu",
        "layers.ce",
        "all.ce_score",
      ]],
      ["forward.clt.", ["error", "replaced_logits", "layers.kl", "all.ce"]],
      ["layouts.", ["tcc", "sae_lens_jumprelu", "sparsify_topk_skip"]],
    ] as const
  ) {
    const { code, stdout, stderr } = await verify(dir, "--json", "--only", only);
    assertEquals(code, 0, stderr);
    const found = lines(stdout);
    for (const quantity of quantities) {
      const line = found.find((l) => l.quantity === only + quantity);
      assert(line?.ok === true && line.error! <= 1e-5, `${quantity}: ${line?.error}`);
    }
  }
  const { code, stdout } = await verify(
    dir,
    "--json",
    "--only",
    "forward.jumprelu.replaced_logits",
  );
  assertEquals([code, lines(stdout)[0].ok], [1, false], "two layers of this set are missing here");
});

Deno.test("verify_against_reference names a folder that is not a case", async () => {
  const { code, stderr } = await verify(REFERENCE);
  assertEquals(code, 1);
  assert(stderr.includes("no prompts.json"), stderr);
});
