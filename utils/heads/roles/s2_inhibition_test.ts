import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { IoiFlipName } from "../../tasks/ioi_flips.ts";
import type { PromptPair } from "../../tasks/prompt_pair.ts";
import { FLIPS, s2Inhibition } from "./s2_inhibition.ts";
import type { Head } from "../head.ts";
import { logitDifference, referenceModel } from "../../../tests/support/head_cases.ts";
import { slowPathPatch } from "../../../tests/oracle/slow_path_patch.ts";

/** Makes prompts of two lengths with three marked names; each flip changes different tokens. */
function flippedPrompts(): Record<IoiFlipName, PromptPair[]> {
  const cleans = [[54, 9, 69, 48, 13, 48, 25, 84], [80, 72, 55, 20, 68, 20, 94], [
    3,
    9,
    5,
    72,
    1,
    72,
    8,
  ]];
  const changed = [[], [1, 3, 5], [1, 3], [3], [1, 5], [5]];
  return Object.fromEntries(FLIPS.map((flip, f) => [
    flip,
    cleans.map((clean): PromptPair => ({
      clean,
      corrupted: clean.map((id, p) => changed[f].includes(p) ? (id + 7 * f) % 96 : id),
      cleanText: "",
      corruptedText: "",
      position: clean.length - 1,
      correct: [clean[1]],
      wrong: [clean[3]],
      marks: { IO: 1, S1: 3, S2: 5 },
    })),
  ])) as Record<IoiFlipName, PromptPair[]>;
}

Deno.test("s2Inhibition() averages runs with name movers' queries patched at END, and checks the signs", async () => {
  const model = await referenceModel("neox");
  const prompts = flippedPrompts();
  const readout = logitDifference(3);
  const movers: Head[] = [[1, 1], [2, 3]];
  const candidates: Head[] = [[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 2], [1, 3]];
  const found = await s2Inhibition(model, prompts, readout, movers, candidates);
  const passing: Head[] = [];
  for (const [i, candidate] of candidates.entries()) {
    const delta: Record<string, number[]> = {};
    for (const flip of FLIPS) {
      const expected = [0, 0, 0, 0];
      for (const [n, pair] of prompts[flip].entries()) {
        const slow = await slowPathPatch(
          model,
          pair,
          candidate,
          { letter: "q", heads: movers },
          pair.position,
        );
        expected[0] += (slow.logits[readout.ids[2 * n]] - slow.logits[readout.ids[2 * n + 1]]) / 3;
        [1, 3, 5].forEach((key, j) => {
          for (const [l, h] of movers) expected[1 + j] += slow.pattern(l, h, key) / 6;
        });
      }
      const means = found.means[flip];
      const ours = [
        means.logit_diff[i],
        means.io_attention[i],
        means.s1_attention[i],
        means.s2_attention[i],
      ];
      ours.forEach((value, q) => assertAlmostEquals(value, expected[q], 1e-5));
      delta[flip] = expected;
    }
    const [ld, io, s1] = delta.token_same_pos_oppo
      .map((m, q) => (m - delta.token_same_pos_same[q]) / delta.token_same_pos_same[q]);
    assertAlmostEquals(found.changes.token_same_pos_oppo.s1_attention[i], s1, 1e-3);
    if (ld < 0 && io < 0 && s1 > 0) passing.push(candidate);
  }
  assertEquals(found.heads, passing);
  assert(passing.length > 0 && passing.length < candidates.length, `${passing.length} pass`);
  model.close();
});

Deno.test("s2Inhibition() returns no heads without name movers or candidates", async () => {
  const model = await referenceModel("gpt2");
  for (const [movers, candidates] of [[[], [[0, 1]]], [[[2, 1]], []]] as [Head[], Head[]][]) {
    const found = await s2Inhibition(
      model,
      flippedPrompts(),
      logitDifference(3),
      movers,
      candidates,
    );
    assertEquals(found.heads, []);
    assertEquals(found.changes.token_same_pos_oppo.logit_diff, []);
  }
  model.close();
});
