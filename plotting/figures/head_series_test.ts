import { assert, assertEquals } from "@std/assert";
import { pythiaSteps } from "../testing/forming_circuit.ts";
import { spreadSteps } from "./head_series.ts";

Deno.test("spreadSteps() keeps the first and last step and spreads the others from step 256", () => {
  assertEquals(spreadSteps(pythiaSteps(), 6), [0, 256, 1000, 6000, 29000, 143000]);
  assertEquals(spreadSteps([1, 2, 3, 4, 5], 3), [1, 3, 5]);
  const few = [256, 768, 1024, 1280, 1536, 1792, 2048, 2560];
  assertEquals(spreadSteps(few, 6), [256, 768, 1024, 1280, 1536, 2560]);
  assertEquals(spreadSteps([1, 2], 6), [1, 2]);
  assertEquals(spreadSteps([1, 2, 3], 1), [3]);
  assert(spreadSteps([0, 1000, 2000, 3000], 3).includes(3000));
});
