import { assertEquals, assertRejects } from "@std/assert";
import { writeJsonAtomic } from "../base/files.ts";
import { UserError } from "../base/user_error.ts";
import { ResultPaths } from "./result_path.ts";
import { headRoles, type RoleCircuits } from "./head_roles.ts";

const result = (kind: string, checkpoints: unknown) => ({
  ...{ format: `circuits-over-time/${kind}/1`, config: {}, model: "toy" },
  shape: { nLayers: 2, nHeads: 2 },
  checkpoints,
});

const NODES = ["input", "logits"];

/** Circuits at step 8 of a task, with an edge of this score from a head to the logits. */
function circuits(task = "sva", head = "a0.h1", score = 1, baseline = 3): RoleCircuits {
  const edge = { source: head, target: "logits", letter: null, score };
  const checkpoint = { step: 8, baseline, corrupted: 0, size: 1, edges: 1, nodes: NODES };
  const measured = { faithfulness: 1, normalized: 1, curve: [], random: [] };
  const completeness = { sum: 3, change: 3 };
  return {
    task,
    metric: "logit_diff",
    checkpoints: [{ ...checkpoint, ...measured, completeness, circuit: [edge] }],
  };
}

Deno.test("headRoles() reads the roles of each head from the result files that exist", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const paths = new ResultPaths(dir, "toy");
    assertEquals(await headRoles(paths, circuits()), undefined);
    const zero = [[0, 0], [0, 0]];
    const write = (path: string, kind: string, checkpoints: unknown) =>
      writeJsonAtomic(path, result(kind, checkpoints));
    const components = paths.components("full_model_components_over_time");
    await write(components, "full_model_components", {
      "8": {
        tertiary_head_scores: {
          induction_scores: [[0, 0], [0.9, 0.39]],
          prev_token_scores: [[0.5, 0], [0, 0]],
          duplicate_token_scores: zero,
        },
        copy_scores: [[0, 0], [80, 90]],
        negative_copy_scores: zero,
        attention_to_names: {
          io: [[0, 0], [0.6, 0.1]],
          s1: [[0, 0], [0.1, 0.2]],
          s2: [[0, 0.9], [0, 0]],
        },
      },
    });
    await write(paths.cspa(), "cspa", {
      "8": { scores: [[0, 0.2], [0, 0]], kl_kept: zero, kl_ablated: zero },
    });
    await write(paths.components("heads_over_time"), "heads_over_time", {
      "16": { direct: [], nmh: [], s2i: ["a0.h1"], circuit: [] },
    });
    assertEquals(await headRoles(paths, circuits()), {
      "8": {
        "a0.h0": ["previous token"],
        "a0.h1": ["copy suppression"],
        "a1.h0": ["induction", "name mover"],
      },
      "16": { "a0.h1": ["S2 inhibition"] },
    });
    // on indirect-object circuits the roles of that task come first, where the model does it
    assertEquals((await headRoles(paths, circuits("ioi")))!["8"], {
      "a0.h0": ["previous token"],
      "a0.h1": ["S suppression", "copy suppression"],
      "a1.h0": ["name mover", "induction"],
    });
    const without = { "a0.h0": ["previous token"], "a0.h1": ["copy suppression"] };
    assertEquals((await headRoles(paths, circuits("ioi", "a0.h1", 1, 0.1)))!["8"], {
      ...without,
      "a1.h0": ["induction"],
    });
    // a head that lowers the metric, or only attends elsewhere, does not suppress S
    for (const other of [circuits("ioi", "a0.h1", -1), circuits("ioi", "a1.h0", 1)]) {
      assertEquals((await headRoles(paths, other))!["8"], {
        ...without,
        "a1.h0": ["name mover", "induction"],
      });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("headRoles() names the file and the key of a damaged entry", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const paths = new ResultPaths(dir, "pythia-nano");
    const list = "a list, each a list, each a number";
    for (
      const [entry, key, found] of [
        [{}, ".scores", `${list}, found nothing`],
        [null, "", "an object, found null"],
        [{ scores: 3 }, ".scores", `${list}, found 3`],
        [{ scores: [[0, "x"]] }, ".scores[0][1]", 'a number, found "x"'],
      ]
    ) {
      await writeJsonAtomic(paths.cspa(), result("cspa", { "8": entry }));
      const error = await assertRejects(() => headRoles(paths, circuits()), UserError);
      const expected = `${paths.cspa()}: checkpoints.8${key}: expected ${found}; `;
      assertEquals(error.message.slice(0, expected.length), expected);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
