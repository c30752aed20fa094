/**
 * Draws features of transcoders, sparse autoencoders and random coders, and makes a page on which a person rates them without
 * knowing which is which.
 *
 *   deno run -A train_transcoder.ts configs/transcoders/pythia-nano.json --kind sae --hook-point 'blocks.{l}.mlp.hook_in' \
 *     --output-dir results/transcoders/pythia-nano/sae
 *   deno run -A transcoder_circuits/make_rating_page.ts --per-kind 50
 *   deno run -A transcoder_circuits/score_ratings.ts key.json ratings.json
 *
 * Writes `rate.html` and, for after the rating, `key.json`.
 */
import { runScript } from "../utils/cli/mod.ts";
import { makeRatingPage, ratingPageSchema } from "./blind_study.ts";

export const script = {
  name: "transcoder_circuits/make_rating_page",
  description:
    "Makes a page on which a person rates features of transcoders, sparse autoencoders and random coders blind.",
  examples: [
    "--per-kind 50 --seed 7",
    "--layers 2 --saes results/transcoders/my_saes/step6144 --output results/blind",
  ],
  schema: ratingPageSchema,
};

if (import.meta.main) {
  await runScript(script, async (settings) => {
    const { page, keyFile, key } = await makeRatingPage(settings);
    console.log(`study ${key.study}: ${key.items.length} features`);
    console.log(`rate:  ${page}`);
    console.log(`key:   ${keyFile} (do not open it before the rating is saved)`);
  });
}
