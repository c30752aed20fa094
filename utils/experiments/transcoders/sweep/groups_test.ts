import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../base/user_error.ts";
import { EMBEDDED_MODELS } from "../../../model/hub/model_names.ts";
import { readModelConfig } from "../../../model/mod.ts";
import { planOf } from "../plan.ts";
import { armsOf } from "./arms.ts";
import { onFront } from "./front.ts";
import { bytesOf, groupsOf, streamsOf } from "./groups.ts";
import { sweepSchema } from "./settings.ts";

async function planned(arms: Record<string, unknown>[]) {
  const model = await readModelConfig(join(EMBEDDED_MODELS, "pythia-nano/step0"));
  const settings = sweepSchema.parse({ layers: [1, 2], train_batch_size: 256, arms });
  return armsOf(settings).map((arm) => ({ ...arm, plan: planOf(arm.settings, model) }));
}

Deno.test("arms with the same hook points share a stream, and groups of it fit the budget", async () => {
  const arms = await planned([
    { features: 100, k: [1, 2, 3, 4, 5] },
    { kind: "sae", features: 100 },
    { features: 200 },
  ]);
  const streams = streamsOf(arms).map((stream) => stream.map(({ name }) => name));
  assertEquals(streams, [
    ["topk-k1-f100", "topk-k2-f100", "topk-k3-f100", "topk-k4-f100", "topk-k5-f100", "topk-f200"],
    ["sae-topk-f100"],
  ]);
  // Two layers of 100 features from 96 to 96 dimensions, with kernels.
  const each = 2 * (16 * (100 * (96 + 96 + 1) + 96 + 96) + 4 * 2 * 256 * 100);
  assertEquals(await bytesOf(arms[0].plan), each);
  const names = async (budget: number) =>
    (await groupsOf(arms.slice(0, 5), budget)).map(({ arms }) => arms.map(({ own }) => own.k));
  assertEquals(await names(5 * each), [[1, 2, 3, 4, 5]]);
  assertEquals(await names(3 * each - 1), [[1, 2], [3, 4], [5]]);
  const { message } = await assertRejects(() => names(each - 1), UserError);
  assertEquals(message.startsWith("arms_budget: the coders of arm topk-k1-f100 take 0.00"), true);
});

Deno.test("onFront() leaves out what another point of the group beats", () => {
  const point = (group: string, l0: number, loss: number) => ({ group, l0, loss });
  const points = [
    ...[point("a", 4, 0.5), point("a", 8, 0.2), point("a", 8, 0.3), point("a", 16, 0.2)],
    ...[point("a", 2, 0.9), point("a", 4, 0.5), point("b", 16, 0.9), point("b", 20, 0.95)],
  ];
  assertEquals(onFront(points), [true, true, false, false, true, true, true, false]);
});
