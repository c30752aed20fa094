/** Compares whole training runs with those of transcoder_circuits, SAELens and sparsify (tests/reference/transcoders). */
import { assert, assertEquals } from "@std/assert";
import { coderTrainingRows } from "../../verify/coder_training.ts";
import type { Form } from "./activations/mod.ts";

const CASE = new URL("../../../tests/reference/transcoders/neox", import.meta.url).pathname;

/** Ghost gradients divide by the difference of almost equal norms, so float32 leaves more error there. */
const tolerance = (run: string) => run === "tcc_ghost" ? 1e-4 : 2e-6;

for (const form of ["dense", "sparse"] satisfies Form[]) {
  Deno.test(`${form} steps: gradients, losses, counts and parameters after 20 steps are the peers'`, async () => {
    const seen = new Map<string, string[]>();
    for await (const { run, quantity, error } of coderTrainingRows(CASE, form)) {
      assert(error <= tolerance(run), `${run} ${quantity}: ${error}`);
      seen.set(run, [...seen.get(run) ?? [], quantity]);
    }
    assertEquals([...seen.keys()], [
      "bias_start",
      "lr_tables",
      "tcc",
      "tcc_ghost",
      "tcc_sae",
      "saelens_topk",
      "saelens_topk_6_18",
      "saelens_jumprelu_tanh",
      "saelens_jumprelu_step",
      "sparsify_topk_auxk",
      "sparsify_skip",
    ]);
    const expected: Record<string, string[]> = {
      tcc_ghost: ["grad_6.W_enc", "after_20.b_dec_out", "ghost", "l1", "dead", "lr"],
      saelens_topk: ["grad_1.W_dec", "grad_6.W_enc", "auxiliary_reconstruction_loss", "grad_norm"],
      saelens_jumprelu_tanh: ["grad_6.log_threshold", "l0_loss", "pre_act_loss", "l0"],
      sparsify_topk_auxk: ["grad_6.encoder.weight", "auxk", "fvu", "dead"],
      sparsify_skip: ["grad_1.W_skip", "after_20.W_skip"],
    };
    for (const [run, quantities] of Object.entries(expected)) {
      for (const quantity of quantities) assert(seen.get(run)!.includes(quantity), quantity);
    }
  });
}
