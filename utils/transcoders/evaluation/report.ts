/** Tables of an evaluation for the terminal: reconstruction, the three protocols with floors beside the coders, features. */
import { type Column, printTable } from "../../cli/mod.ts";
import type { EvaluatedArm, ReplacementLosses, TranscoderEvaluation } from "../../results/mod.ts";

interface NamedArm extends EvaluatedArm {
  name: string;
}

/** What tables call an arm. */
const LABELS: Record<string, string> = {
  coders: "coders",
  zero: "zero ablation",
  mean: "mean ablation",
  unigram: "unigram table",
  skip: "linear map",
  random: "random features",
  neurons: "real neurons",
};

const label: Column<NamedArm> = { header: "", value: ({ name }) => LABELS[name] ?? name };

/** Returns a column per layer. */
const byLayer = (
  { coders }: TranscoderEvaluation,
  value: (place: EvaluatedArm["places"][number]) => number | null,
): Column<NamedArm>[] =>
  coders.places.map(({ layer }, i) => ({
    header: `layer ${layer}`,
    value: ({ places }) => value(places[i]),
    digits: 4,
  }));

/** Returns the columns of what all places together cost. */
const losses = (of: (arm: NamedArm) => ReplacementLosses): Column<NamedArm>[] => [
  { header: "Δ CE (nats)", value: (arm) => of(arm).delta_ce, digits: 4 },
  { header: "score to zero ablation", value: (arm) => of(arm).score_zero, digits: 3 },
  { header: "score to mean ablation", value: (arm) => of(arm).score_mean, digits: 3 },
  { header: "KL (nats)", value: (arm) => of(arm).kl, digits: 4 },
];

/** Prints the tables of an evaluation. */
export function printEvaluation(evaluation: TranscoderEvaluation): void {
  const { coders, floors, features, tokens, ce } = evaluation;
  const arms = [["coders", coders] as const, ...Object.entries(floors)]
    .map(([name, arm]) => ({ name, ...arm }));
  const print = (title: string, columns: Column<NamedArm>[]) => {
    console.log(`\n${title}`);
    printTable([label, ...columns], arms);
  };
  console.log(`\n${tokens} tokens, cross-entropy of the model ${ce.toFixed(4)} nats`);
  print("Fraction of variance unexplained", byLayer(evaluation, ({ fvu }) => fvu));
  print("Each layer alone: Δ CE (nats)", byLayer(evaluation, ({ alone }) => alone.delta_ce));
  print("All layers, clean inputs", losses(({ clean }) => clean));
  print("All layers, errors propagating", losses(({ propagating }) => propagating));
  console.log("\nFeatures of the coders");
  const rows = features.map((feature, i) => ({ ...feature, ...coders.places[i] }));
  printTable([
    { header: "layer", value: ({ layer }) => layer },
    { header: "features", value: (row) => row.features },
    { header: "L0", value: ({ l0 }) => l0, digits: 2 },
    { header: "dead", value: ({ dead }) => dead },
    { header: "dense", value: ({ dense }) => dense },
    { header: "MSE", value: ({ mse }) => mse, digits: 5 },
    {
      header: "explained, uncentred",
      value: (row) => row.explained_variance_uncentred,
      digits: 4,
    },
    { header: "Jacobian cosine", value: (row) => row.jacobian_cosine, digits: 3 },
  ], rows);
}
