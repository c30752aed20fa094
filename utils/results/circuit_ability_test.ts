import { assertEquals } from "@std/assert";
import { checkpointAble, reachesThreshold } from "./circuit_ability.ts";

Deno.test("checkpointAble() takes the stored verdict, and judges old entries by their means", () => {
  const summary = { metric: "logit_diff" };
  const ability = { interval: [0.1, 0.3], accuracy: 0.9, rise: [0.1, 0.2] } as {
    interval: [number, number];
    accuracy: number;
    rise: [number, number];
  };
  const stored = { baseline: 3, corrupted: -3, ability: { ...ability, able: false } };
  assertEquals(checkpointAble(summary, stored), false);
  const of = (baseline: number, corrupted: number) =>
    checkpointAble(summary, { baseline, corrupted });
  assertEquals(of(5.4, -6), true);
  assertEquals(of(-0.5, -3), false);
  assertEquals(of(0.145, 0.151), false);
  assertEquals(of(1.2, 0.8), false);
  // 0.2 is much for a difference of probabilities, and little for one of logits
  assertEquals(of(0.2, 0), false);
  assertEquals(checkpointAble({ metric: "prob_diff" }, { baseline: 0.2, corrupted: 0 }), true);
});

Deno.test("reachesThreshold() compares the circuit's faithfulness with the threshold", () => {
  assertEquals(reachesThreshold({ threshold: 0.8 }, { faithfulness: 0.8 }), true);
  assertEquals(reachesThreshold({ threshold: 0.8 }, { faithfulness: 0.79 }), false);
});
