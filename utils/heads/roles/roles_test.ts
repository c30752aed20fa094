import { assertEquals, assertRejects } from "@std/assert";
import { writeJsonAtomic } from "../../base/files.ts";
import { ResultPaths } from "../../results/result_path.ts";
import { headRoles } from "./roles.ts";

Deno.test("headRoles() reads the roles of each head from the result files that exist", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const paths = new ResultPaths(dir, "toy");
    assertEquals(await headRoles(paths), undefined);
    const zero = [[0, 0], [0, 0]];
    await writeJsonAtomic(paths.components("full_model_components_over_time"), {
      checkpoints: {
        "8": {
          tertiary_head_scores: {
            induction_scores: [[0, 0], [0.9, 0.39]],
            prev_token_scores: [[0.5, 0], [0, 0]],
            duplicate_token_scores: zero,
          },
          copy_scores: [[0, 0], [80, 90]],
          negative_copy_scores: zero,
          attention_to_names: { io: [[0, 0], [0.6, 0.1]], s1: [[0, 0], [0.1, 0.2]], s2: zero },
        },
      },
    });
    await writeJsonAtomic(paths.cspa(), { checkpoints: { "8": { scores: [[0, 0.2], [0, 0]] } } });
    await writeJsonAtomic(paths.components("heads_over_time"), {
      checkpoints: { "16": { s2i: ["a0.h1"] } },
    });
    assertEquals(await headRoles(paths), {
      "8": {
        "a0.h0": ["previous token"],
        "a0.h1": ["copy suppression"],
        "a1.h0": ["induction", "name mover"],
      },
      "16": { "a0.h1": ["S2 inhibition"] },
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("headRoles() names the file and the key of a damaged entry", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const paths = new ResultPaths(dir, "pythia-nano");
    for (const [entry, found] of [[{}, "nothing"], [null, "nothing"], [{ scores: 3 }, "3"]]) {
      await writeJsonAtomic(paths.cspa(), { checkpoints: { "8": entry } });
      const error = await assertRejects(() => headRoles(paths), Error);
      const expected = `${paths.cspa()}: checkpoints.8.scores: expected a list, found ${found}`;
      assertEquals(error.message.slice(0, expected.length), expected);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
