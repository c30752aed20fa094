import { assertEquals, assertThrows } from "@std/assert";
import {
  edgeName,
  headName,
  inputName,
  matchNode,
  mlpName,
  nodeName,
  nodeNames,
  parseEdgeName,
  parseHead,
  parseNodeName,
} from "./nodes.ts";

/** EAP-IG's own graph files name every node and every edge of a small model. */
async function referenceNames(folder: string): Promise<{ nodes: string[]; edges: string[] }> {
  const url = new URL(`../../tests/reference/${folder}/greedy_60.json`, import.meta.url);
  const { nodes, edges } = JSON.parse(await Deno.readTextFile(url));
  return { nodes: Object.keys(nodes), edges: Object.keys(edges) };
}

Deno.test("nodeNames() lists the nodes of EAP-IG's files, and names are read back", async () => {
  for (const folder of ["neox", "gpt2"]) {
    const { nodes, edges } = await referenceNames(folder);
    assertEquals(nodeNames({ nLayers: 3, nHeads: 4 }), nodes);
    assertEquals(nodes.map((name) => nodeName(parseNodeName(name))), nodes);
    assertEquals(edges.map((name) => edgeName(parseEdgeName(name))), edges);
  }
});

Deno.test("parts of names are what they say", () => {
  assertEquals(parseNodeName("a3.h12"), { kind: "head", layer: 3, head: 12 });
  assertEquals(parseNodeName("m10"), { kind: "mlp", layer: 10 });
  assertEquals(parseNodeName("input"), { kind: "input" });
  assertEquals(parseHead("a3.h12"), [3, 12]);
  assertEquals([headName([3, 12]), mlpName(10)], ["a3.h12", "m10"]);
  assertEquals(parseEdgeName("m0->a1.h2<k>"), { source: "m0", target: "a1.h2", letter: "k" });
  assertEquals(parseEdgeName("m0->logits"), { source: "m0", target: "logits", letter: null });
  assertEquals([inputName("a1.h2", "v"), inputName("m1", null)], ["a1.h2<v>", "m1"]);
});

Deno.test("texts that are not names are refused", () => {
  for (const wrong of ["", "a3", "a3.h", "h1", "m", "m1.h2", "A3.h1", "a-1.h0", "a3.h1<q>"]) {
    assertEquals(matchNode(wrong), undefined);
    assertThrows(() => parseNodeName(wrong), Error, `found "${wrong}"`);
    assertThrows(() => parseHead(wrong), Error, "expected a head");
  }
  assertThrows(() => parseHead("m3"), Error, `found "m3"`);
  for (const wrong of ["m0-a1.h0<q>", "m0->a1.h0<x>", "->", "m0->", "m0->a1<q>.h0"]) {
    assertThrows(() => parseEdgeName(wrong), Error, `found "${wrong}"`);
  }
});
