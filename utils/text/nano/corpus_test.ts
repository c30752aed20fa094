import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FEMALE_NAMES, MALE_NAMES } from "../../tasks/words/names.ts";
import { ANSWER_VERBS, RELATIVE_VERBS } from "../../tasks/words/sva_words.ts";
import { documents, KINDS, type Split } from "./corpus.ts";
import { agreementSentence } from "./kinds/agreement.ts";
import { repeatedIds } from "./kinds/repeated.ts";
import { twoPeople } from "./kinds/two_people.ts";
import { yearSpan } from "./kinds/year_spans.ts";
import { rngFor } from "../random.ts";
import { PERSON_ADJECTIVES, THING_ADJECTIVES } from "./words/things.ts";

function take(count: number, seed: number, split: Split = "train") {
  const taken: { kind: string; text: string }[] = [];
  for (const document of documents(seed, split)) if (taken.push(document) === count) break;
  return taken;
}

/** Whether a share of `n` draws is within four standard errors of what it should be. */
const near = (share: number, expected: number, n: number) =>
  Math.abs(share - expected) < 4 * Math.sqrt(expected * (1 - expected) / n);

Deno.test("documents() is the same for the same seed and split only", () => {
  assertEquals(take(50, 1), take(50, 1));
  assertNotEquals(take(50, 1), take(50, 2));
  assertNotEquals(take(50, 1), take(50, 1, "validation"));
});

Deno.test("no validation text is ever a training text", () => {
  const training = new Set(take(30_000, 1).map(({ text }) => text));
  for (const { text } of take(1_500, 1, "validation")) assert(!training.has(text), text);
});

Deno.test("every kind has its share, and few documents recur", () => {
  const n = 20_000;
  const drawn = take(n, 3);
  const total = KINDS.reduce((sum, { weight }) => sum + weight, 0);
  assertEquals(total, 100);
  for (const { name, weight } of KINDS) {
    const share = drawn.filter(({ kind }) => kind === name).length / n;
    // A little more room than chance: held-out documents are drawn again.
    assert(Math.abs(share - weight / 100) < 0.012, `${name}: ${share}`);
  }
  assert(new Set(drawn.map(({ text }) => text)).size > 0.9 * n);
});

Deno.test("documents begin with a capital and hold no unfilled slot", () => {
  for (const { text } of take(10_000, 4)) {
    assert(/^[A-Z]/.test(text), text);
    assert(!/[\[\]]|\s\s|undefined/.test(text), text);
  }
});

Deno.test("yearSpan() ends later in the same century, evenly among the later years", () => {
  const rng = rngFor(5);
  let quantiles = 0;
  const n = 4_000;
  for (let i = 0; i < n; i++) {
    const text = yearSpan(rng);
    const [first, last] = text.match(/\b\d{4}\b/g)!.map(Number);
    assert(last > first && Math.floor(last / 100) === Math.floor(first / 100), text);
    // (last − first − ½) / (number of later years) has mean ½ and variance below 1/12.
    quantiles += (last - first - 0.5) / (99 - first % 100);
  }
  assert(Math.abs(quantiles / n - 0.5) < 4 / Math.sqrt(12 * n), `${quantiles / n}`);
});

Deno.test("tag questions use the pronoun of the name's gender", () => {
  const seen = new Map<string, number>();
  for (const { text } of take(20_000, 6).filter(({ kind }) => kind === "tag_questions")) {
    const [, pronoun] = text.match(/n't (she|he)\?/)!;
    const other = pronoun === "she" ? MALE_NAMES : FEMALE_NAMES;
    const same = pronoun === "she" ? FEMALE_NAMES : MALE_NAMES;
    const has = (names: readonly string[]) => names.find((name) => text.includes(` ${name} `));
    assertEquals(has(other), undefined, text);
    const name = has(same);
    if (name !== undefined) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  assertEquals(seen.size, FEMALE_NAMES.length + MALE_NAMES.length);
});

Deno.test("twoPeople() lets either person act, whoever is named first, and ends on the other", () => {
  const rng = rngFor(7);
  let n = 0, firstActs = 0;
  for (let i = 0; i < 4_000; i++) {
    const text = twoPeople(rng);
    const match = text.match(
      /(?:^| )([A-Z]\w+) and ([A-Z]\w+) .* ([A-Z]\w+) (?:gave|handed|said|waved) .*?([A-Z]\w+)/,
    );
    if (match === null) continue;
    const [, first, second, actor, other] = match;
    assertEquals(new Set([first, second]), new Set([actor, other]), text);
    n++;
    if (actor === first) firstActs++;
  }
  assert(n > 500, `${n} stories`);
  assert(near(firstActs / n, 0.5, n), `the first-named acts in ${firstActs} of ${n}`);
});

Deno.test("agreement: verbs agree with their own subject across phrases and clauses", () => {
  const rng = rngFor(8);
  const singularVerbs = new Set(ANSWER_VERBS.map(([verb]) => verb));
  const pluralVerbs = new Set(ANSWER_VERBS.map(([, verb]) => verb));
  const isPlural = (noun: string) =>
    noun.endsWith("s") || ["men", "women", "children"].includes(noun);
  const relatives = RELATIVE_VERBS.flat().join("|");
  const adjectives = [...PERSON_ADJECTIVES, ...THING_ADJECTIVES].join("|");
  const noun = `(?:(?:${adjectives}) )?(\\w+)`;
  const prepositions = "near|behind|beside|next to|in front of|from|by";
  const across = new RegExp(`^The ${noun}(?: (?:${prepositions}) the ${noun}) (\\w+)`);
  const object = new RegExp(`^The ${noun}(?: that)? the ${noun} (${relatives}) (\\w+)`);
  const subject = new RegExp(`^The ${noun} that (${relatives}) the ${noun} (\\w+)`);
  let checked = 0, mixed = 0;
  const agrees = (head: string, verb: string, text: string) => {
    if (!singularVerbs.has(verb) && !pluralVerbs.has(verb)) return;
    assert((isPlural(head) ? pluralVerbs : singularVerbs).has(verb), `${head} … ${verb}: ${text}`);
    checked++;
  };
  for (let i = 0; i < 8_000; i++) {
    const text = agreementSentence(rng);
    let match: RegExpMatchArray | null;
    if ((match = text.match(across))) {
      agrees(match[1], match[3], text);
      if (isPlural(match[1]) !== isPlural(match[2])) mixed++;
    } else if ((match = text.match(subject))) {
      agrees(match[1], match[2], text);
      agrees(match[1], match[4], text);
    } else if ((match = text.match(object))) {
      agrees(match[2], match[3], text);
      agrees(match[1], match[4], text);
    }
  }
  assert(
    checked > 2_000 && mixed > 300,
    `${checked} verbs, ${mixed} with a noun of the other number`,
  );
});

Deno.test("repeatedIds() never draws the end of text and stays in the vocabulary", () => {
  const rng = rngFor(9);
  for (let i = 0; i < 500; i++) {
    for (const id of repeatedIds(rng, 50)) assert(id >= 1 && id < 50);
  }
});
