import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { COUNTRIES } from "../../tasks/mod.ts";
import { FEMALE_NAMES, MALE_NAMES } from "../../tasks/words/names.ts";
import { ANSWER_VERBS } from "../../tasks/words/sva_words.ts";
import { documents, KINDS, type Split } from "./corpus.ts";
import { agreementSentence } from "./kinds/agreement.ts";
import { facts } from "./kinds/facts.ts";
import { repeatedIds } from "./kinds/repeated.ts";
import { tagQuestion } from "./kinds/tag_questions.ts";
import { twoPeople } from "./kinds/two_people.ts";
import { yearSpan } from "./kinds/year_spans.ts";
import { type LabelledText, readMarks } from "./labels.ts";
import { type Rng, rngFor } from "../random.ts";
import { ALL_NAMES } from "./words/people.ts";

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

/** Documents of one kind with their labels. */
function drawn(generate: (rng: Rng) => string, seed: number, n: number): LabelledText[] {
  const rng = rngFor(seed);
  return Array.from({ length: n }, () => readMarks(generate(rng), ""));
}

const withRole = ({ spans }: LabelledText, ...roles: string[]) =>
  spans.filter(({ role }) => roles.includes(role));
const only = (document: LabelledText, role: string) => {
  const found = withRole(document, role);
  assertEquals(found.length, 1, document.text);
  return found[0];
};

Deno.test("yearSpan() ends later in the same century, evenly among the later years", () => {
  const n = 4_000;
  let quantiles = 0, distracted = 0, misleading = 0;
  for (const document of drawn(yearSpan, 5, n)) {
    const first = Number(only(document, "first_year").entity);
    const last = Number(only(document, "last_year").entity);
    assert(last > first && Math.floor(last / 100) === Math.floor(first / 100), document.text);
    // (last − first − ½) / (number of later years) has mean ½ and variance below 1/12.
    quantiles += (last - first - 0.5) / (99 - first % 100);
    for (const { entity } of withRole(document, "other_year")) {
      distracted++;
      if (Number(entity) % 100 > last % 100) misleading++;
    }
  }
  assert(Math.abs(quantiles / n - 0.5) < 4 / Math.sqrt(12 * n), `${quantiles / n}`);
  assert(distracted > 0.2 * n, `${distracted} sentences with another year`);
  assert(misleading > 0.2 * distracted, `${misleading} other years after the last`);
});

Deno.test("tag questions use the pronoun of the subject, whatever other person is near", () => {
  const seen = new Set<string>();
  let near = 0, other = 0;
  for (const document of drawn(tagQuestion, 6, 8_000)) {
    const subject = only(document, "subject").entity;
    for (const { start, end, entity } of withRole(document, "pronoun")) {
      assertEquals(entity, subject);
      const pronoun = document.text.slice(start, end);
      const names: readonly string[] = pronoun === "she" ? FEMALE_NAMES : MALE_NAMES;
      const wrong: readonly string[] = pronoun === "she" ? MALE_NAMES : FEMALE_NAMES;
      assert(!wrong.includes(subject), document.text);
      if (names.includes(subject)) seen.add(subject);
      for (const { entity: attractor } of withRole(document, "attractor")) {
        near++;
        if (wrong.includes(attractor)) other++;
      }
    }
  }
  assertEquals(seen.size, FEMALE_NAMES.length + MALE_NAMES.length);
  assert(near > 3_000 && other > 300, `${near} attractors, ${other} of the other gender`);
});

Deno.test("twoPeople(): either person gives, the other receives, and every short cut often fails", () => {
  let n = 0, firstGives = 0;
  const right = { notLast: 0, notRepeated: 0, notNearest: 0 };
  for (const document of drawn(twoPeople, 7, 6_000)) {
    const first = only(document, "first_of_pair").entity;
    const second = only(document, "second_of_pair").entity;
    const [giver] = withRole(document, "giver");
    const [recipient] = withRole(document, "recipient");
    assertEquals(
      new Set([first, second]),
      new Set([giver.entity, recipient.entity]),
      document.text,
    );
    n++;
    if (giver.entity === first) firstGives++;
    // Names before the answer, in order; a giver without a name is not one.
    const names = document.spans
      .filter(({ start, end, entity }) =>
        start < recipient.start && document.text.slice(start, end) === entity &&
        ALL_NAMES.includes(entity)
      ).map(({ entity }) => entity);
    const answer = recipient.entity;
    const mentions = (name: string) => names.filter((other) => other === name).length;
    const other = (name: string) => name === first ? second : first;
    // Each short cut names one of the pair.
    const last = names.at(-1)!;
    if ([first, second].includes(last) && other(last) === answer) right.notLast++;
    if (mentions(answer) < mentions(giver.entity)) right.notRepeated++;
    const nearest = names.findLast((name) => name === first || name === second)!;
    if (other(nearest) === answer) right.notNearest++;
  }
  assert(near(firstGives / n, 0.5, n), `the first-named gives in ${firstGives} of ${n}`);
  for (const [shortCut, count] of Object.entries(right)) {
    assert(count / n < 0.9, `"${shortCut}" is right in ${count} of ${n} stories`);
  }
});

Deno.test("agreement: verbs agree with their subject across attractors of the other number", () => {
  let checked = 0, crossed = 0;
  const singular = new Set<string>(ANSWER_VERBS.map(([verb]) => verb));
  for (const document of drawn(agreementSentence, 8, 8_000)) {
    const { spans, text } = document;
    spans.forEach((verb, i) => {
      if (verb.role !== "verb" && verb.role !== "first_verb") return;
      const subject = spans.slice(0, i).findLast(({ role }) => role === "subject")!;
      assertEquals(verb.number, subject.number, text);
      if (verb.role === "verb") {
        const word = text.slice(verb.start, verb.end);
        assertEquals(singular.has(word), verb.number === "singular", text);
      }
      checked++;
      const between = spans.filter(({ role, start }) =>
        role === "attractor" && start > subject.start && start < verb.start
      );
      if (between.some(({ number }) => number !== subject.number)) crossed++;
    });
  }
  assert(checked > 8_000 && crossed > 1_500, `${checked} verbs, ${crossed} across another number`);
});

Deno.test("facts are those of the made-up world, never two about one country", () => {
  const { kinds } = drawn(facts, 9, 4_000).reduce((seen, document) => {
    const named = new Set<string>();
    document.sentences.forEach(({ start, name }, i) => {
      const end = document.sentences[i + 1]?.start ?? document.text.length;
      const inside = document.spans.filter((span) => span.start >= start && span.start < end);
      const country = COUNTRIES.find(({ name }) =>
        inside.some(({ role, entity }) => ["country", "capital"].includes(role) && entity === name)
      )!;
      assert(!named.has(country.name), document.text);
      named.add(country.name);
      for (const { role, start, end } of inside) {
        const word = document.text.slice(start, end);
        if (role === "country") assertEquals(word, country.name);
        else assertEquals(word, country[role as keyof typeof country], document.text);
      }
      seen.kinds.add(name);
    });
    return seen;
  }, { kinds: new Set<string>() });
  assertEquals(kinds, new Set(["capital", "shared_fact", "two_hops"]));
});

Deno.test("repeatedIds() never draws the end of text and stays in the vocabulary", () => {
  const rng = rngFor(9);
  for (let i = 0; i < 500; i++) {
    for (const id of repeatedIds(rng, 50).ids) assert(id >= 1 && id < 50);
  }
});
