import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../base/mod.ts";
import { type FeatureRatings, RATING_FORMATS, type RatingKey } from "../../results/mod.ts";
import { scoreRatings, studyName } from "./mod.ts";

/** Returns a key: features 1, 4, 7, … are of kind a, 2, 5, … of kind b; 3, 6, … of kind c. */
async function madeUpKey(count: number): Promise<RatingKey> {
  const key = {
    format: RATING_FORMATS.key,
    model: "made-up",
    step: 1,
    seed: 0,
    sources: { a: "here", b: "there", c: "nowhere" },
    shown: "0123456789abcdef",
    items: Array.from({ length: count }, (_, i) => ({
      number: i + 1,
      kind: "abc"[i % 3],
      layer: 0,
      id: i,
      frequency: 0.1,
    })),
  };
  return { ...key, study: await studyName(key) };
}

type Rating = FeatureRatings["ratings"][number];

const ratingsOf = (study: string, ratings: Rating[]): FeatureRatings => ({
  format: RATING_FORMATS.ratings,
  study,
  rater: "one",
  ratings,
});

Deno.test("ratings: counts, shares and intervals of each kind, against the binomial distribution", async () => {
  const key = await madeUpKey(300);
  // a: 80 yes and 20 maybe, 30 of them context-free; b: 40 yes and 60 no; c is not rated
  const ratings = key.items.flatMap(({ number, kind }, i): Rating[] => {
    const place = Math.floor(i / 3);
    if (kind === "c") return [];
    const verdict = kind === "a" ? place < 80 ? "yes" : "maybe" : place < 40 ? "yes" : "no";
    return [{ number, verdict, context_free: kind === "a" && place < 30 }];
  });
  const { kinds: [a, b, c], differences } = await scoreRatings(key, ratingsOf(key.study, ratings));
  assertEquals([a.yes, a.maybe, a.no, a.contextFree, a.rated, a.left], [80, 20, 0, 30, 100, 0]);
  assertEquals([b.yes, b.maybe, b.no, b.contextFree], [40, 0, 60, 0]);
  assertEquals([c.rated, c.left, c.shareYes, c.clarity], [0, 100, null, null]);
  assertEquals(a.shareYes!.value, 0.8);
  assertAlmostEquals(a.clarity!.value, 0.9, 1e-12);
  // ±1.96 √(p(1−p)/n): 0.078 for 0.8; the bootstrap of 2,000 resamples is within 0.015 of it
  assertAlmostEquals(a.shareYes!.low, 0.8 - 0.0784, 0.015);
  assertAlmostEquals(a.shareYes!.high, 0.8 + 0.0784, 0.015);
  assertEquals([b.shareContextFree!.low, b.shareContextFree!.high], [0, 0]);
  assertEquals(differences.map(({ kinds }) => kinds), [["a", "b"]]);
  // the variance of a difference is the sum of both: √(0.16/100 + 0.24/100) = 0.0632
  const [{ shareYes }] = differences;
  assertAlmostEquals(shareYes.value, 0.4, 1e-12);
  assertAlmostEquals(shareYes.low, 0.4 - 1.96 * 0.0632, 0.02);
  assertAlmostEquals(shareYes.high, 0.4 + 1.96 * 0.0632, 0.02);
});

Deno.test("ratings that do not fit the key are refused", async () => {
  const key = await madeUpKey(6);
  const yes = (number: number): Rating => ({ number, verdict: "yes", context_free: false });
  const refused = (ratings: FeatureRatings, message: string, by = key) =>
    assertRejects(() => scoreRatings(by, ratings), UserError, message);
  await refused(ratingsOf("another", [yes(1)]), "are of study another");
  await refused(ratingsOf(key.study, [yes(7)]), "feature 7, which the key does not have");
  await refused(ratingsOf(key.study, [yes(2), yes(2)]), "feature 2 twice");
  // whoever moves one feature to another kind after the rating has another study
  const items = key.items.map((item) => item.number === 1 ? { ...item, kind: "b" } : item);
  await refused(ratingsOf(key.study, [yes(1)]), "has been edited", { ...key, items });
  assert((await scoreRatings(key, ratingsOf(key.study, [yes(1)]))).kinds[0].rated === 1);
});
