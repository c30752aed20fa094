import { assert, assertEquals } from "@std/assert";
import { SHAPES } from "../../bench/case.ts";
import { engineFlops } from "../../bench/engine.ts";

async function bench(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("../../bench/bench.ts", import.meta.url).pathname, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("bench prints one line of JSON per case", async () => {
  const { code, stdout, stderr } = await bench(
    ...["--bench", "forward_backward", "--shape", "pythia-14m", "--prompts", "2"],
    ...["--repeats", "1", "--threads", "1", "--json"],
  );
  assertEquals(code, 0, stderr);
  const line = JSON.parse(stdout);
  assertEquals(Object.keys(line).slice(0, 8), [
    "bench",
    "shape",
    "tokens",
    "seconds",
    "gflops",
    "of_matmul_rate",
    "peak_rss_mb",
    "weights_mb",
  ]);
  assertEquals([line.bench, line.shape, line.tokens], ["forward_backward", "pythia-14m", 42]);
  for (const key of ["seconds", "gflops", "of_matmul_rate", "peak_rss_mb"]) {
    assert(line[key] > 0, `${key} is ${line[key]}`);
  }
  // 50,304 · 128 · 2 embeddings, 6 layers of 12 · 128² + 13 · 128, and the final LayerNorm, as float32
  const values = 2 * 50304 * 128 + 6 * (12 * 128 ** 2 + 13 * 128) + 2 * 128;
  assertEquals(line.weights_mb, Math.round(4 * values / 2 ** 20));
});

Deno.test("bench reports an unknown bench or shape and lists the known ones", async () => {
  const wrongBench = await bench("--bench", "sideways");
  assertEquals(wrongBench.code, 1);
  assert(wrongBench.stderr.includes('unknown bench "sideways": expected one of forward'));
  const wrongShape = await bench("--shape", "pythia-3k");
  assertEquals(wrongShape.code, 1);
  assert(wrongShape.stderr.includes("pythia-160m"));
});

Deno.test("engineFlops() is the sum over every product of the passes", () => {
  const config = SHAPES["pythia-160m"];
  let forward = 0;
  for (let l = 0; l < 12; l++) {
    for (
      const [rows, into, out] of [
        [42, 768, 2304],
        [42, 768, 768],
        [42, 768, 3072],
        [42, 3072, 768],
      ]
    ) forward += 2 * rows * into * out;
    // scores and weighted values of 2 prompts and 12 heads
    forward += 2 * 2 * 12 * (2 * 21 * 64 * 21);
  }
  const { forward: ours, forwardBackward } = engineFlops(config, 2, 21);
  assertEquals(ours, forward + 2 * 2 * 768 * 50304);
  const attention = 12 * 2 * 2 * 12 * (2 * 21 * 64 * 21);
  assertEquals(forwardBackward, 2 * (forward - attention) + 3 * attention);
});
