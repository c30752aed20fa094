import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type AttentionPatternFile, packPatterns } from "../../../../utils/results/mod.ts";
import { FIRST, patternsAt, PREVIOUS, roleScore, rolesOf } from "./patterns.ts";

Deno.test("patterns: every number comes back at its head, query and key; roles are averaged", async () => {
  const prompts: AttentionPatternFile["prompts"] = [
    { tokens: ["a", "b", "c"], correct: "x", wrong: "y", marks: { S: 1, END: 2 } },
    { tokens: ["a", "b"], correct: "x", wrong: "y", marks: { END: 1 } },
  ];
  // two heads; the number at (head, query, key) of the first prompt is 100·head + 10·query + key
  const first = [0, 10, 11, 20, 21, 22, 100, 110, 111, 120, 121, 122];
  const second = [255, 51, 204, 255, 0, 255];
  const file = {
    prompts,
    steps: {
      7: { metric: [1, 2], patterns: [first, second].map((b) => packPatterns(new Uint8Array(b))) },
    },
  };
  assertEquals(await patternsAt(file, 8), undefined);
  const found = (await patternsAt(file, 7))!;
  for (const head of [0, 1]) {
    for (const query of [0, 1, 2]) {
      for (const key of [0, 1, 2]) {
        const value = key > query ? 0 : (100 * head + 10 * query + key) / 255;
        assertAlmostEquals(found[0].attention(head, query, key), value);
      }
    }
  }
  assertEquals(rolesOf(prompts), ["S", "END"]);
  const end = roleScore(found, 0, "END", FIRST)!;
  assertAlmostEquals(end.mean, (20 / 255 + 51 / 255) / 2);
  assertAlmostEquals(end.least, 20 / 255);
  assertEquals([end.prompts, roleScore(found, 1, "END", "S")!.prompts], [2, 1]);
  assertAlmostEquals(roleScore(found, 1, "END", PREVIOUS)!.mean, (121 / 255 + 0) / 2);
  assertEquals(roleScore(found, 0, "S", "END"), null);
});
