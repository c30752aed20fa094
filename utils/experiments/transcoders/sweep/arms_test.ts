import { assertEquals } from "@std/assert";
import { transcoderSchema } from "../settings.ts";
import { armsOf } from "./arms.ts";
import { sweepSchema } from "./settings.ts";

const shared = transcoderSchema.parse({ features: 768, lr: 0.02, total_training_tokens: 5000 });

Deno.test("armsOf() multiplies the lists of an entry; an arm has the settings of train_transcoder", () => {
  const arms = armsOf({
    ...sweepSchema.parse({
      ...shared,
      arms: [
        { activation: "topk", k: [4, 8], features: [96, 192] },
        { activation: "relu", l1_coefficient: 1e-4, skip: [false, true], expansion_factor: 2 },
      ],
    }),
  });
  assertEquals(arms.map(({ name, index }) => [name, index]), [
    ["topk-k4-f96", 0],
    ["topk-k4-f192", 0],
    ["topk-k8-f96", 0],
    ["topk-k8-f192", 0],
    ["relu-plain-l1_0.0001-x2", 1],
    ["relu-skip-l1_0.0001-x2", 1],
  ]);
  assertEquals(arms[3].own, { activation: "topk", k: 8, features: 192 });
  assertEquals(
    arms[3].settings,
    transcoderSchema.parse({ ...shared, activation: "topk", k: 8, features: 192 }),
  );
  // The width of the arm replaces the shared one, by whichever key.
  const { features: _, ...others } = shared;
  assertEquals(
    arms[5].settings,
    transcoderSchema.parse({
      ...others,
      ...{ activation: "relu", l1_coefficient: 1e-4, skip: true, expansion_factor: 2 },
    }),
  );
});

Deno.test("names of arms are names of folders", () => {
  const arms = [{ kind: "sae", hook_point: "blocks.{l}.hook_mlp_out", lr: [1e-4, 0.001] }];
  assertEquals(armsOf({ ...shared, arms }).map(({ name }) => name), [
    "sae-topk-hook_point_blocks._l_.hook_mlp_out-lr_0.0001",
    "sae-topk-hook_point_blocks._l_.hook_mlp_out-lr_0.001",
  ]);
});

Deno.test("the schema of a sweep names the arm that does not fit", () => {
  const message = (settings: Record<string, unknown>) =>
    sweepSchema.safeParse(settings).error?.issues.map(({ path, message }) => [path, message]);
  assertEquals(message({ arms: [{ k: 4 }, { activation: "topk", k: [5, 1.5] }] }), [
    [["arms", 1, "k"], "expected an integer for topk (arm topk-k1.5)"],
  ]);
  assertEquals(message({ use_ghost_grads: true, arms: [{ k: 4 }] }), [
    [
      ["arms", 0],
      "use_ghost_grads: ghost gradients are for relu; topk and batchtopk have auxk_coefficient (arm topk-k4)",
    ],
  ]);
  assertEquals(message({ arms: [{ k: [4, 8] }, { k: 8 }] }), [
    [["arms", 1], "expected arms that differ; arms[0] has an arm topk-k8 too"],
  ]);
  assertEquals(message({ arms: [{ k: 4 }], dataset_path: "a.txt" }), [
    [["eval_text"], "expected a text that the coders are not trained on"],
  ]);
});
