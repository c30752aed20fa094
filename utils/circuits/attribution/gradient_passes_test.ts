import { assert, assertEquals } from "@std/assert";
import { attribute, GRADIENT_METHODS } from "./attribution.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import {
  ARCHITECTURES,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`one session for all layers equals layer by layer, bit for bit: ${name}`, async () => {
    const pairs = smallPairs();
    for (const nLayers of [1, 2]) {
      const { model } = smallModel({ ...config, nLayers });
      const { runtime } = model;
      const compiled = runtime.compiled.bind(runtime);
      const programs = new Set<string>();
      runtime.compiled = (key, build) => {
        const kind = /^ig (model|layer) /.exec(key)?.[1];
        if (kind) programs.add(kind);
        return compiled(key, build);
      };
      for (const method of GRADIENT_METHODS) {
        for (const kind of ["logits", "probabilities"] as const) {
          const batches = promptBatches(pairs, smallReadout(pairs.length, kind));
          const run = async (inOneSession: boolean) => {
            programs.clear();
            const options = { method, steps: 3, compat: true, inOneSession };
            const { scores, nodes, completeness } = await attribute(model, batches, options);
            return { scores, nodes, completeness, programs: [...programs].sort() };
          };
          const together = await run(true), apart = await run(false);
          assert(together.scores.some((x) => x !== 0));
          assertEquals(apart.programs, ["layer"]);
          // components inside a layer run layer by layer either way
          const kinds = method === "EAP-IG-activations" ? ["layer", "model"] : ["model"];
          assertEquals(together, { ...apart, programs: kinds }, `${nLayers} ${method} ${kind}`);
        }
      }
      runtime.compiled = compiled;
    }
  });
}
