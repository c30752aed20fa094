import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import { FORMATS, openCoders } from "../../utils/transcoders/formats/open.ts";

const REFERENCE = fromFileUrl(new URL("../reference", import.meta.url));
const SETS = join(REFERENCE, "transcoders/neox/transcoders");

Deno.test("convert_transcoder converts a set, and back value for value", () =>
  inFolder(async (folder) => {
    const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
    const first = await run("convert_transcoder", join(SETS, "relu"), ours);
    assertEquals(first.code, 0, first.stderr);
    assertEquals(
      first.stdout.trim(),
      `3 transcoder coders with 96 features (circuit-tracer) written to ${ours} as native`,
    );
    const back = await run("convert_transcoder", ours, theirs, "--to", "circuit-tracer");
    assertEquals(back.code, 0, back.stderr);
    const [a, b] = [await openCoders(join(SETS, "relu")), await openCoders(theirs)];
    assertEquals(b.coders, a.coders);
  }));

Deno.test("convert_transcoder moves LayerNorm into coders for sparsify, and warns of what differs", () =>
  inFolder(async (folder) => {
    const model = join(REFERENCE, "neox/model");
    const { code, stderr } = await run(
      "convert_transcoder",
      join(SETS, "relu"),
      join(folder, "out"),
      ...["--to", "sparsify", "--model", model, "--layers", "1"],
    );
    assertEquals(code, 0, stderr);
    const { coders: [found] } = await openCoders(join(folder, "out"));
    const { coders: [expected] } = await openCoders(join(SETS, "sparsify_relu"));
    // sparsify's own file of this layer: the reference moved the same LayerNorm.
    expected.weights.W_enc.data.forEach((x, i) =>
      assert(Math.abs(found.weights.W_enc.data[i] - x) <= 1e-6 * Math.max(1, Math.abs(x)))
    );
    expected.weights.b_enc.data.forEach((x, i) =>
      assert(Math.abs(found.weights.b_enc.data[i] - x) <= 2e-6 * Math.max(1, Math.abs(x)))
    );
    const topk = await run(
      "convert_transcoder",
      join(SETS, "topk_skip"),
      join(folder, "topk"),
      ...["--to", "sparsify"],
    );
    assertEquals(topk.code, 0, topk.stderr);
    assertStringIncludes(topk.stderr, "warning: sparsify sets negative activations");
  }));

Deno.test("convert_transcoder --dtype float16 halves the matrices, and refuses what float16 cannot hold", () =>
  inFolder(async (folder) => {
    const [half, wide] = [join(folder, "half"), join(folder, "wide")];
    const to = await run("convert_transcoder", join(SETS, "relu"), half, "--dtype", "float16");
    assertEquals(to.code, 0, to.stderr);
    const [a, b] = [await openCoders(join(SETS, "relu")), await openCoders(half)];
    for (const [i, { weights }] of b.coders.entries()) {
      const { W_enc, b_enc } = a.coders[i].weights;
      assertEquals([...weights.W_enc.data], [...new Float16Array(W_enc.data)]);
      assertEquals(weights.b_enc.data, b_enc.data);
    }
    a.coders[1].weights.W_enc.data[3] = 7e4;
    await FORMATS.native.write(wide, a.coders);
    assertOneLine(
      await run("convert_transcoder", wide, join(folder, "out"), "--dtype", "float16"),
      1,
      /blocks\.1\..* cannot be written in float16: W_enc\[3\] is 70000; expected at most 65504/,
    );
  }));

Deno.test("convert_transcoder reports mistakes in one line", () =>
  inFolder(async (folder) => {
    const out = join(folder, "out");
    assertOneLine(
      await run("convert_transcoder", join(SETS, "clt"), out, "--to", "tcc"),
      1,
      /cross-layer/,
    );
    assertOneLine(await run("convert_transcoder", out, out), 1, /neither an existing folder/);
    const set = join(SETS, "relu");
    assertOneLine(await run("convert_transcoder", set, set), 1, /source and target are the same/);
    const wrong = await run("convert_transcoder", set, out, "--layers", "a");
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "Expected numbers such as 0,2,4-7");
  }));
