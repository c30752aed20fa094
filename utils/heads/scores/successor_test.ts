import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { gpt2Tokenizer, wordTokenizer } from "../../../tests/support/tokenizers.ts";
import { relativeError } from "../../verify/comparison.ts";
import { ReferenceCase } from "../../verify/reference_case.ts";
import { successorLogits, successorScores } from "./successor.ts";
import { successorPairs, successorWordLists } from "./successor_words.ts";

const CASES = ["neox", "gpt2"] as const;
const open = (name: string) =>
  ReferenceCase.open(fromFileUrl(new URL(`../../../tests/reference/${name}`, import.meta.url)));

for (const name of CASES) {
  Deno.test(`successorLogits() gives the reference values (${name})`, async () => {
    const c = await open(name);
    const ids = Array.from(await c.read("successor.ids"));
    const error = relativeError(
      await successorLogits(c.model, ids),
      await c.read("successor.logits"),
    );
    assert(error < 2e-5, `${error}`);
    await c.close();
  });

  Deno.test(`successorScores() counts pairs whose next word has the largest logit of its list (${name})`, async () => {
    const c = await open(name);
    const ids = Array.from(await c.read("successor.ids"));
    const [a, b, d, e, f] = ids;
    const lists = [
      { name: "cyclic", inputs: [a, b, d], targets: [b, d, a] },
      { name: "short", inputs: [e], targets: [f] },
      { name: "long", inputs: ids.slice(0, 11), targets: ids.slice(1) },
      { name: "repeated word", inputs: [a, b, b], targets: [b, b, f] },
    ];
    const scores = await successorScores(c.model, lists);
    const S = await c.read("successor.logits");
    const { nLayers: L, nHeads: H } = c.model.config;
    for (let head = 0; head < L * H; head++) {
      const logit = (i: number, j: number) =>
        S[(head * ids.length + ids.indexOf(i)) * ids.length + ids.indexOf(j)];
      const successes = lists.map(({ inputs, targets }) =>
        inputs.filter((input, i) =>
          targets.every((other) => logit(input, targets[i]) >= logit(input, other))
        ).length
      );
      const pairs = lists.reduce((n, { inputs }) => n + inputs.length, 0);
      assertAlmostEquals(scores[head], successes.reduce((x, y) => x + y) / pairs, 1e-6);
    }
    await c.close();
  });
}

Deno.test("successorScores() refuses lists without pairs", async () => {
  const c = await open("neox");
  await assertRejects(() => successorScores(c.model, []), Error, "no pair of single tokens");
  await c.close();
});

Deno.test("successorWordLists() has the original lists, and fixes their two slips", () => {
  const corrected = new Map(successorWordLists().map(({ name, words }) => [name, words]));
  const compat = new Map(successorWordLists("compat").map(({ name, words }) => [name, words]));
  // Nine lists in two variants; two more with flipped capitals, except for letters, numerals and corrected digits.
  assertEquals(compat.size, 9 * 2 + 7 * 2);
  assertEquals(corrected.size, compat.size - 2);
  assertEquals(corrected.get("numerals")!.slice(16, 18), ["XVII", "XVIII"]);
  assertEquals(compat.get("space_numerals")!.slice(16, 18), [" XVII", " XVII"]);
  assertEquals(compat.get("inverted_capital_numbers_1_200"), compat.get("numbers_1_200"));
  assertEquals(corrected.get("days")!.at(-1), "Monday");
  assertEquals(corrected.get("inverted_capital_space_days")![1], " tuesday");
  assertEquals(corrected.get("inverted_capital_number_words_1_20")![19], "Twenty");
  assertEquals(corrected.get("letters")!.length, 26);
});

Deno.test("successorPairs() keeps the pairs whose words are both one token", () => {
  const tokenizer = wordTokenizer([" Monday", " Tuesday", " Sunday", "first", "third"]);
  const id = (word: string) => tokenizer.singleToken(word)!;
  const lists = successorPairs(tokenizer);
  const days = lists.find(({ name }) => name === "space_days")!;
  assertEquals(days.inputs, [id(" Monday"), id(" Sunday")]);
  assertEquals(days.targets, [id(" Tuesday"), id(" Monday")]);
  assertEquals(lists.some(({ name }) => name === "cardinal_words_1_10"), false);
  const gpt2 = successorPairs(gpt2Tokenizer());
  assertEquals(gpt2.find(({ name }) => name === "space_months")!.inputs.length, 12);
  assertEquals(gpt2.find(({ name }) => name === "letters")!.inputs.length, 25);
});
