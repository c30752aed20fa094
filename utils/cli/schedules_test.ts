import { assert, assertEquals, assertThrows } from "@std/assert";
import { SCHEDULE_NAMES, scheduleSteps } from "./schedules.ts";
import { UserError } from "../base/user_error.ts";

const NAMED = SCHEDULE_NAMES.filter((name) => !["custom", "suite", "olmo"].includes(name));

Deno.test("scheduleSteps() ascends without duplicates, ends at 143000 and keeps to what Pythia has", () => {
  const published = new Set(scheduleSteps("all"));
  for (const name of NAMED) {
    const steps = scheduleSteps(name);
    assert(steps.every((step, i) => i === 0 || step > steps[i - 1]), name);
    assertEquals(steps.at(-1), 143000, name);
    assert(steps.every((step) => published.has(step)), name);
  }
});

Deno.test("scheduleSteps() has the published lengths and lists", () => {
  assertEquals(scheduleSteps("all").length, 154);
  assertEquals(scheduleSteps("linear").length, 143);
  assertEquals(scheduleSteps("sparse").length, 28);
  assertEquals(
    scheduleSteps("exponential"),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 4000, 8000, 16000, 33000, 66000]
      .concat(131000, 143000),
  );
  const detail = scheduleSteps("exp_plus_detail");
  assertEquals(detail.slice(8, 12), [256, 512, 1000, 2000]);
  assertEquals(
    detail.slice(-9),
    [60, 65, 70, 80, 90, 100, 110, 120, 130, 140, 143].slice(-9).map(
      (thousand) => thousand * 1000,
    ),
  );
  assertEquals(detail.length, 10 + 15 + 10 + 8 + 1);
  assertEquals(scheduleSteps("late_start_exp_plus_detail").slice(0, 5), [
    4000,
    8000,
    12000,
    15000,
    16000,
  ]);
  assertEquals(scheduleSteps("other"), [10000, 143000]);
});

Deno.test("scheduleSteps() sorts the steps of a suite and of a custom list, adding none", () => {
  assertEquals(scheduleSteps("suite", { suite: [10, 0, 2, 1] }), [0, 1, 2, 10]);
  assertEquals(scheduleSteps("custom", { custom: [1000, 1, 1000], suite: [5] }), [1, 1000]);
});

Deno.test("scheduleSteps() takes of OLMo's steps those nearest to doublings, and PolyPythias' are Pythia's", () => {
  const suite = [1000, 2600, 4000, 5000, 8000, 15000, 16000, 20000];
  assertEquals(scheduleSteps("olmo", { suite }), [1000, 2600, 4000, 8000, 16000, 20000]);
  assertThrows(() => scheduleSteps("olmo"), UserError, "needs the steps");
  assertEquals(scheduleSteps("polypythias"), scheduleSteps("all"));
});

Deno.test("scheduleSteps() names an unknown schedule, a missing list and a wrong step", () => {
  const message = (action: () => unknown) => assertThrows(action, UserError).message;
  assertEquals(
    message(() => scheduleSteps("linaer")),
    'unknown checkpoint schedule "linaer": expected one of all, linear, exponential, exp_plus_detail, ' +
      "late_start_exp_plus_detail, late_start_all, sparse, other, polypythias, custom, suite, olmo",
  );
  assert(message(() => scheduleSteps("toString")).includes("unknown"));
  assert(message(() => scheduleSteps("custom")).includes("needs custom_schedule"));
  assert(message(() => scheduleSteps("suite", { suite: [] })).includes("model folder"));
  assert(
    message(() => scheduleSteps("custom", { custom: [1, 2.5] })).includes("2.5 is not a training"),
  );
});
