import { assertEquals, assertThrows } from "@std/assert";
import { edgeName } from "../../names/nodes.ts";
import { circuitEdges, scoreRange } from "./circuit_edges.ts";
import { readGraphJson } from "../formats/graph_json.ts";

Deno.test("circuitEdges() lists the in-graph edges of EAP-IG's own file, in its order", async () => {
  for (const folder of ["neox", "gpt2"]) {
    const url = new URL(`../../../tests/reference/${folder}/greedy_60.json`, import.meta.url);
    const file = JSON.parse(await Deno.readTextFile(url));
    const { shape, scores, mask } = await readGraphJson(url.pathname);
    const edges = Object.entries<{ score: number; in_graph: boolean }>(file.edges);
    assertEquals(
      circuitEdges(shape, scores, mask).map((edge) => [edgeName(edge), edge.score]),
      edges.filter(([, edge]) => edge.in_graph).map(([name, edge]) => [name, edge.score]),
    );
    const sizes = edges.map(([, edge]) => Math.abs(edge.score));
    assertEquals(scoreRange(shape, scores), {
      min: Math.min(...sizes),
      max: Math.max(...sizes),
    });
    assertThrows(() => circuitEdges(shape, scores, mask.subarray(1)), Error, "the mask");
  }
});
