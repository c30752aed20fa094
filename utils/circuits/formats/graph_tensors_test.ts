/** Tests graph files of tensors: what comes back, how precisely, and what is refused. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { edgesInOrder, realEdgeMask } from "../graph/mod.ts";
import { readGraph, writeGraph } from "./graph_file.ts";
import type { GraphFile } from "./graph_json_reader.ts";

const SHAPE = { nLayers: 3, nHeads: 4, parallel: true };

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A graph whose scores reach from `largest` down over eight decades. */
function example(largest: number): GraphFile {
  const real = realEdgeMask(SHAPE), n = real.reduce((sum, is) => sum + Number(is), 0);
  let i = 0;
  const scores = Float64Array.from(
    real,
    (is) => is ? largest * 10 ** (-8 * i / n) * (i++ % 2 ? 1 : -1) : 0,
  );
  return { shape: SHAPE, dModel: 8, scores, mask: real.map((is, i) => Number(is && i % 3 === 0)) };
}

Deno.test("a graph file of tensors keeps the circuit, and scores of eight decades to 2^-11", () =>
  inFolder(async (folder) => {
    const path = join(folder, "7.safetensors");
    for (const largest of [3e-7, 1, 65504, 1e6]) {
      const graph = example(largest);
      await writeGraph(path, graph, "safetensors");
      const read = await readGraph(path);
      assertEquals(read.mask, graph.mask);
      assertEquals([read.shape, read.dModel], [SHAPE, 8]);
      for (const cell of edgesInOrder(SHAPE)) {
        const [now, then] = [read.scores[cell], graph.scores[cell]];
        assert(Math.abs(now - then) <= 2 ** -11 * Math.abs(then), `${now} for ${then}`);
      }
    }
    const none = { ...example(1), scores: new Float64Array(example(1).scores.length) };
    await writeGraph(path, none, "safetensors");
    assert((await readGraph(path)).scores.every((score) => score === 0));
    // EAP-IG's JSON of what was read is read back to the same numbers
    await writeGraph(join(folder, "7.json"), await readGraph(path), 2);
    assertEquals((await readGraph(join(folder, "7.json"))).mask, none.mask);
  }));

Deno.test("a graph file of tensors that is none is refused by name", () =>
  inFolder(async (folder) => {
    const path = join(folder, "7.safetensors");
    await assertRejects(() => readGraph(path), Deno.errors.NotFound);
    const graph = example(1);
    await writeGraph(path, graph, "safetensors");
    const bytes = await Deno.readFile(path);
    const damaged = async (from: string, to: string, message: string) => {
      const text = new TextDecoder("latin1").decode(bytes);
      assert(text.includes(from), from);
      const other = Uint8Array.from(text.replace(from, to), (c) => c.charCodeAt(0));
      await Deno.writeFile(path, other);
      await assertRejects(() => readGraph(path), Error, message);
    };
    await damaged('"n_heads":"4"', '"n_heads":"5"', `${path}: scores: expected shape [`);
    await damaged('"n_heads":"4"', '"n_heads":"x"', `${path}: n_heads: expected an integer`);
    await damaged(
      "circuits-over-time/graph/1",
      "circuits-over-time/graph/2",
      `${path}: expected the`,
    );
    await Deno.writeFile(path, bytes.subarray(0, 200));
    await assertRejects(() => readGraph(path), Error, path);

    const wrong = { ...graph, scores: graph.scores.map((score, i) => i === 0 ? NaN : score) };
    await Deno.remove(path);
    await assertRejects(() => writeGraph(path, wrong, "safetensors"), Error, "NaN");
    const neurons = { ...graph, neuronScores: new Float64Array(1) };
    await assertRejects(() => writeGraph(path, neurons, "safetensors"), Error, "use JSON");
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }));
