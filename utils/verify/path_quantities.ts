/**
 * Reference values of patching: activation patching and zero ablation of each head's z, and path patching from each head to
 * the final residual stream and to the queries and the values of some receivers.
 */
import {
  cleanRun,
  corruptedHeads,
  patchHeads,
  type PatchPrompt,
  pathPatch,
  type Receivers,
  zeroAblateHeads,
} from "../heads/mod.ts";
import type { Readout } from "../model/mod.ts";
import { type Quantity, readout, type ReferenceCase, TOLERANCE } from "./reference_case.ts";

interface PatchCase {
  prompts: PatchPrompt[];
  /** logit of IO minus logit of S, read at END */
  readout: Readout;
}

async function patchCase(c: ReferenceCase): Promise<PatchCase | undefined> {
  if (!c.heads) return undefined;
  const { IO, S1, END } = c.heads.positions;
  const corrupted = await c.tokens("tokens.corrupted");
  const prompts = (await c.tokens("tokens.clean"))
    .map((clean, n) => ({ clean, corrupted: corrupted[n], position: END }));
  const answers = prompts.map(({ clean }) => [clean[IO], clean[S1]]);
  return { prompts, readout: readout("logits", answers, answers.map(() => [1, -1])) };
}

function quantity(
  name: string,
  compute: (c: ReferenceCase, p: PatchCase) => Promise<Float32Array>,
): Quantity {
  return {
    name,
    tolerance: TOLERANCE,
    async compute(c) {
      const p = await patchCase(c);
      return p && await compute(c, p);
    },
  };
}

/** Runs path patching over all prompts, from every head to the receivers of the case. */
async function paths(c: ReferenceCase, p: PatchCase, receivers: Receivers): Promise<Float32Array> {
  const clean = await cleanRun(c.model, p.prompts, receivers === "final" ? "readout" : "changed");
  const switched = await corruptedHeads(c.model, clean);
  return (await pathPatch(c.model, clean, switched, receivers, p.readout)).values;
}

/** Quantities of patching. */
export const pathQuantities: Quantity[] = [
  ...(["clean", "corrupted"] as const).map((which) =>
    quantity(
      `logit_diff.${which}`,
      (c, { prompts, readout }) =>
        c.model.metric(prompts.map((p) => [...p[which]]), prompts.map((p) => p.position), readout),
    )
  ),
  quantity("activation_patch.z", (c, p) => patchHeads(c.model, p.prompts, p.readout)),
  quantity("zero_ablation.z", (c, p) => zeroAblateHeads(c.model, p.prompts, p.readout)),
  quantity("path_patch.resid_post", (c, p) => paths(c, p, "final")),
  quantity(
    "path_patch.q",
    (c, p) => paths(c, p, { letter: "q", heads: c.heads!.receivers_q }),
  ),
  quantity(
    "path_patch.v",
    (c, p) => paths(c, p, { letter: "v", heads: c.heads!.receivers_v }),
  ),
];
