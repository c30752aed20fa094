/**
 * Scores blind ratings: how many features of each kind a person could describe, with bootstrap intervals.
 *
 *   deno run -A transcoder_circuits/score_ratings.ts key.json ratings.json [more ratings]
 *
 * Refuses ratings of another study, a key that was edited, and features that the key does not have.
 */
import { Command } from "@commander-js/extra-typings";
import { readJson, UserError, writeJsonAtomic } from "../utils/base/mod.ts";
import { type Column, formatTable } from "../utils/cli/mod.ts";
import {
  type KindDifference,
  type KindScore,
  type RatingScores,
  scoreRatings,
  type Share,
} from "../utils/feature_dashboards/mod.ts";
import {
  type FeatureRatings,
  featureRatings,
  type RatingKey,
  ratingKey,
} from "../utils/results/mod.ts";

async function readThere(path: string): Promise<unknown> {
  const found = await readJson(path);
  if (found === undefined) throw new UserError(`${path} does not exist`);
  return found;
}

/** Reads a key. @throws UserError if the file is not one. */
export async function readKey(path: string): Promise<RatingKey> {
  const found = ratingKey.safeParse(await readThere(path));
  if (found.success) return found.data;
  throw new UserError(
    `${path} is not the key of a blind study; expected the key.json that make_rating_page.ts wrote`,
  );
}

/** Reads ratings. @throws UserError if the file does not have them. */
export async function readRatings(path: string): Promise<FeatureRatings> {
  const found = featureRatings.safeParse(await readThere(path));
  if (found.success) return found.data;
  const [{ path: where, message }] = found.error.issues;
  throw new UserError(
    `${path} is not a file of ratings; expected what the page saves, found at ${
      where.join(".") || "its top"
    }: ${message}`,
  );
}

/** Returns a share with its interval; "–" where nothing was rated. */
export function shareText(share: Share | null): string {
  if (!share) return "–";
  const [value, low, high] = [share.value, share.low, share.high]
    .map((x) => x.toFixed(2).replace("-", "−"));
  return `${value} [${low}, ${high}]`;
}

/** Columns of shares, which kinds and differences between kinds have. */
const SHARES: Column<Record<"shareYes" | "clarity" | "shareContextFree", Share | null>>[] = [
  { header: "share of yes", value: ({ shareYes }) => shareText(shareYes) },
  { header: "yes 1, maybe ½", value: ({ clarity }) => shareText(clarity) },
  { header: "share context-free", value: ({ shareContextFree }) => shareText(shareContextFree) },
];

/** Columns of a kind. */
export const KIND_COLUMNS: Column<KindScore>[] = [
  { header: "kind", value: ({ kind }) => kind },
  { header: "rated", value: ({ rated }) => rated },
  { header: "left out", value: ({ left }) => left },
  { header: "yes", value: ({ yes }) => yes },
  { header: "maybe", value: ({ maybe }) => maybe },
  { header: "no", value: ({ no }) => no },
  { header: "context-free", value: ({ contextFree }) => contextFree },
  ...SHARES,
];

/** Columns of a difference between two kinds. */
export const DIFFERENCE_COLUMNS: Column<KindDifference>[] = [
  { header: "difference", value: ({ kinds: [a, b] }) => `${a} − ${b}` },
  ...SHARES,
];

/** Returns the scores of a rater as text. */
export function scoreText({ kinds, differences }: RatingScores): string {
  const tables = [formatTable(KIND_COLUMNS, kinds)];
  if (differences.length > 0) tables.push(formatTable(DIFFERENCE_COLUMNS, differences));
  return tables.join("\n\n");
}

if (import.meta.main) {
  const command = new Command("transcoder_circuits/score_ratings.ts")
    .description("Score blind ratings of features by kind of coder, with bootstrap intervals.")
    .argument("<key>", "key.json of the study")
    .argument("<ratings...>", "files that raters saved on the page")
    .option("-o, --output <file>", "also write the scores as JSON")
    .parse(Deno.args, { from: "user" });
  const [keyFile, files] = command.processedArgs;
  try {
    const key = await readKey(keyFile), scores: RatingScores[] = [];
    for (const file of files) {
      const found = await scoreRatings(key, await readRatings(file));
      console.log(`${found.rater} (${file})\n${scoreText(found)}\n`);
      scores.push(found);
    }
    console.log("Intervals: 95 %, bootstrap over features. A share of 0 or 1 has none.");
    const { output } = command.opts();
    if (output) await writeJsonAtomic(output, { study: key.study, scores });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}
