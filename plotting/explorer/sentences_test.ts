import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CircuitSummary } from "../../utils/results/mod.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { timelineSpecs } from "./client/charts/timelines.ts";
import { hatching, heading, intro, method } from "./sentences.ts";
import { shownSummary } from "./shown_summary.ts";

/** A run of three checkpoints with these settings and faithfulnesses. */
function run(config: Record<string, unknown>, faithfulness = [0.81, 0.82, 0.83]): CircuitSummary {
  const summary = formingCircuit({ nLayers: 2, nHeads: 2, steps: [100, 1000, 10000] });
  summary.config = {
    verify: true,
    intervention: "patching",
    selection: "greedy",
    end: 50,
    ...config,
  };
  summary.checkpoints.forEach((each, i) => each.faithfulness = faithfulness[i]);
  return summary;
}

Deno.test("intro() claims a threshold only where a search reached it", () => {
  assertEquals(
    intro(run({})).split(". ")[0],
    "For each of 3 checkpoints, the smallest circuit found that keeps 80 % of the model’s logit difference while " +
      "every other edge carries its value on the corrupted prompt",
  );
  const partly = intro(run({}, [0.5, 0.82, 0.83]));
  assertStringIncludes(
    partly,
    "At step 100 no circuit of up to 50 edges before pruning keeps 80 %",
  );
  const never = intro(run({}, [0.5, 0.6, 0.7]));
  assertMatch(
    never,
    /^For each of 3 checkpoints, no circuit of up to 50 edges before pruning keeps 80 %/,
  );
  const unsearched = intro(run({ verify: false, top_n: 400 }, [0.31, 0.4, 0.6]));
  assertMatch(unsearched, /^For each of 3 checkpoints, 400 edges, chosen greedily/);
  assertStringIncludes(unsearched, "They keep 31 % to 60 % of");
  assertEquals(/80 %|smallest/.test(unsearched), false);
});

Deno.test("intro() and method() say what other edges carry, and points only where there are any", () => {
  const zero = run({ intervention: "zero" });
  zero.method = "EAP";
  assertStringIncludes(intro(zero), "every other edge carries zeros");
  assertEquals(/corrupted/.test(intro(zero)), false);
  assertEquals(/point/.test(method(zero)), false);
  assertStringIncludes(
    method(run({})),
    "EAP-IG-inputs, 30 integration points (reference), mean over",
  );
});

Deno.test("intro() and hatching() name checkpoints at which the model does not do the task", () => {
  const summary = run({});
  assertEquals(hatching(summary, 0.5), "");
  summary.checkpoints[0].ability!.able = false;
  assertMatch(
    intro(summary),
    /^For the 2 of 3 checkpoints at which the model does the task, the smallest/,
  );
  assertStringIncludes(hatching(summary, 0.5), "does not do the task at step 100.");
  assertStringIncludes(hatching(summary, 0.5), "by more than 0.5");
  assertMatch(heading(summary), /^How .* learns indirect object identification$/);
  for (const { ability } of summary.checkpoints) ability!.able = false;
  assertMatch(heading(summary), /^[^ ]+ and indirect object identification$/);
  assertMatch(intro(summary), /^The model does the task at none of 3 checkpoints/);
});

Deno.test("heading() speaks of learning only over several checkpoints", () => {
  const summary = run({});
  assertMatch(heading(summary), / learns /);
  summary.checkpoints = summary.checkpoints.slice(-1);
  assertMatch(heading(summary), /^How .* does indirect object identification$/);
  assertMatch(intro(summary), /^At step 10,000, the smallest circuit .* Click a head or an MLP/);
});

Deno.test("the page compares with the corrupted level only where edges carry corrupted values", () => {
  const names = (intervention: string) =>
    timelineSpecs(shownSummary(run({ intervention })))
      .find(({ id }) => id === "chart-faithfulness")!.series.map(({ name }) => name);
  assertEquals(names("patching"), ["of clean", "above corrupted"]);
  assertEquals(names("zero"), ["of clean"]);
});
