import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Runtime } from "../../model/runtime.ts";
import { relativeError } from "../../verify/comparison.ts";
import { pathQuantities } from "../../verify/path_quantities.ts";
import { ReferenceCase } from "../../verify/reference_case.ts";
import { cleanRun, corruptedHeads, type Span } from "./clean_run.ts";
import { pathPatch, type Receivers } from "./path_patching.ts";
import { allHeads, type Head } from "../head.ts";
import { cleanMetric } from "./patched_run.ts";
import {
  ARCHITECTURES,
  logitDifference,
  referenceFolder,
  referenceModel,
  unevenPairs,
} from "../../../tests/support/head_cases.ts";
import { slowPathPatch } from "../../../tests/oracle/slow_path_patch.ts";

for (const architecture of ARCHITECTURES) {
  Deno.test(`patching equals the reference values (${architecture})`, async () => {
    const c = await ReferenceCase.open(referenceFolder(architecture), {
      runtime: new Runtime({ threads: 1 }),
    });
    for (const { name, tolerance, compute } of pathQuantities) {
      const error = relativeError((await compute(c, name))!, await c.read(name));
      assert(error <= tolerance, `${name}: ${error}`);
    }
    await c.close();
  });

  Deno.test(`pathPatch() equals two whole runs with frozen heads, on uneven prompts (${architecture})`, async () => {
    const model = await referenceModel(architecture);
    const prompts = unevenPairs();
    const readout = logitDifference(prompts.length);
    const watch = {
      heads: [[2, 1], [1, 0]] as Head[],
      positions: prompts.map((p) => [0, p.position]),
    };
    const heads: Head[] = [[1, 0], [2, 1], [2, 3]];
    const cases: [Receivers, Span][] = [
      ["final", "readout"],
      ["final", "all"],
      [{ letter: "q", heads }, "changed"],
      [{ letter: "q", heads }, "readout"],
      [{ letter: "k", heads }, "all"],
      [{ letter: "v", heads }, "changed"],
    ];
    const senders = allHeads(model.config).filter(([, h]) => h !== 2).reverse();
    for (const [receivers, span] of cases) {
      const clean = await cleanRun(model, prompts, span);
      const given = await corruptedHeads(model, clean);
      const found = await pathPatch(model, clean, given, receivers, readout, { senders, watch });
      for (const [s, sender] of senders.entries()) {
        for (const [n, prompt] of prompts.entries()) {
          if ((s + n) % 4) continue; // a quarter of the pairs, each sender and prompt among them
          const onlyAt = span === "readout" ? prompt.position : undefined;
          const slow = await slowPathPatch(model, prompt, sender, receivers, onlyAt);
          const expected = slow.logits[readout.ids[2 * n]] - slow.logits[readout.ids[2 * n + 1]];
          assertAlmostEquals(found.values[s * prompts.length + n], expected, 2e-5);
          if (receivers === "final") continue;
          watch.heads.forEach(([l, h], i) =>
            watch.positions[n].forEach((key, j) =>
              assertAlmostEquals(
                found.attention![((s * 2 + i) * prompts.length + n) * 2 + j],
                slow.pattern(l, h, key),
                1e-5,
              )
            )
          );
        }
      }
    }
    model.close();
  });
}

Deno.test("pathPatch() changes nothing if the sender keeps its clean value or no receiver comes after it", async () => {
  const model = await referenceModel("neox");
  const prompts = unevenPairs();
  const readout = logitDifference(prompts.length);
  const clean = await cleanRun(model, prompts);
  const baseline = await cleanMetric(model, clean, readout);
  const own = clean.layers.map((l) => l.z);
  const q = { letter: "q", heads: [[1, 2]] } as Receivers;
  const same = await pathPatch(model, clean, own, q, readout);
  const behind = await pathPatch(model, clean, await corruptedHeads(model, clean), q, readout, {
    senders: [[1, 0], [2, 3]],
  });
  for (const { values } of [same, behind]) {
    values.forEach((v, i) => assertAlmostEquals(v, baseline[i % prompts.length], 1e-5));
  }
  assertEquals(same.values.length, 12 * prompts.length);
  model.close();
});

Deno.test("pathPatch() names heads that do not exist and asks for a receiver", async () => {
  const model = await referenceModel("neox");
  const prompts = unevenPairs();
  const clean = await cleanRun(model, prompts);
  const patch = (receivers: Receivers, senders?: Head[]) =>
    pathPatch(model, clean, clean.layers.map((l) => l.z), receivers, logitDifference(6), {
      senders,
    });
  await assertRejects(() => patch("final", [[3, 0]]), RangeError, "a3.h0");
  await assertRejects(() => patch({ letter: "q", heads: [[0, 4]] }), RangeError, "a0.h4");
  await assertRejects(() => patch({ letter: "q", heads: [] }), Error, "at least one receiver");
  model.close();
});

Deno.test("cleanRun() and corruptedHeads() refuse pairs that do not fit", async () => {
  const model = await referenceModel("neox");
  const pair = { clean: [1, 2, 3], corrupted: [1, 2], position: 2 };
  await assertRejects(() => cleanRun(model, [pair]), Error, "prompt pair 0: read-out position 2");
  const clean = await cleanRun(model, [{ clean: [1, 2, 3], corrupted: [1, 2, 4], position: 2 }]);
  const earlier = [{ clean: [1, 2, 3], corrupted: [5, 2, 4], position: 2 }];
  await assertRejects(() => corruptedHeads(model, clean, earlier), Error, "starts at position 2");
  model.close();
});
