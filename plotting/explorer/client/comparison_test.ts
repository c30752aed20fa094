import { assertEquals } from "@std/assert";
import type { CircuitEdge } from "../../../utils/results/mod.ts";
import { comparisonOf } from "./comparison.ts";
import type { ShownCheckpoint } from "./shown.ts";

const edge = (source: string): CircuitEdge => ({
  source,
  target: "logits",
  letter: null,
  score: 1,
});

function at(step: number, able: boolean, ...sources: string[]): ShownCheckpoint {
  return {
    ...{
      step,
      able,
      baseline: 1,
      corrupted: 0,
      size: 1,
      edges: 1,
      nodes: [],
      curve: [],
      random: [],
    },
    ...{ faithfulness: 1, normalized: 1, completeness: { sum: 1, change: 1 } },
    circuit: sources.map(edge),
  };
}

const checkpoints = [
  at(1, true, "m0", "m1"),
  at(2, false),
  at(4, true, "m1", "m2", "m3"),
  at(8, true, "m1"),
];

Deno.test("comparisonOf() counts edges gained, lost and kept since another checkpoint with the task", () => {
  const of = (index: number, against: "off" | "previous" | "last") => {
    const found = comparisonOf({ checkpoints }, { index, against });
    return found && [found.other.step, found.counts, found.lost.map(({ source }) => source)];
  };
  assertEquals(of(2, "previous"), [1, { gained: 2, lost: 1, kept: 1 }, ["m0"]]);
  assertEquals(of(2, "last"), [8, { gained: 2, lost: 0, kept: 1 }, []]);
  assertEquals([of(2, "off"), of(0, "previous"), of(1, "last"), of(3, "last")], [
    ...[null, null, null, null],
  ]);
  const { fateOf } = comparisonOf({ checkpoints }, { index: 2, against: "previous" })!;
  assertEquals(["m0", "m1", "m2"].map((name) => fateOf(edge(name))), ["lost", "kept", "gained"]);
});

Deno.test("comparisonOf() compares with any step, and with the nearest step of another run", () => {
  const others = [{
    label: "Greater than",
    model: "pythia-nano",
    checkpoints: [at(1, true, "m9"), at(5, true, "m1", "m9"), at(16, false)],
  }];
  const of = (index: number, against: string) => {
    const found = comparisonOf({ checkpoints, others }, { index, against });
    return found && [found.name, found.counts];
  };
  assertEquals(of(2, "step-1"), ["step 1", { gained: 2, lost: 1, kept: 1 }]);
  assertEquals(of(2, "run-0"), ["Greater than, step 5", { gained: 2, lost: 1, kept: 1 }]);
  assertEquals(of(3, "run-0"), ["Greater than, step 5", { gained: 0, lost: 1, kept: 1 }]);
  // a step without the task, an unknown step, the step itself, an unknown run
  assertEquals([of(2, "step-2"), of(2, "step-3"), of(2, "step-4"), of(2, "run-7")], [
    ...[null, null, null, null],
  ]);
});
