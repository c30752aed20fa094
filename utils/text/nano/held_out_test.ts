import { assert, assertEquals } from "@std/assert";
import { genderPronounPairs } from "../../tasks/gender_pronoun.ts";
import { greaterThanPairs } from "../../tasks/greater_than.ts";
import { ioiPairs } from "../../tasks/ioi.ts";
import { IOI_FLIPS, type IoiFlipName } from "../../tasks/ioi_flips.ts";
import { madeUpFactPairs } from "../../tasks/made_up/mod.ts";
import type { PromptPair } from "../../tasks/prompt_pair.ts";
import { SVA_STRUCTURES } from "../../tasks/sva_structures.ts";
import { documents, type Split } from "./corpus.ts";
import { isHeldOut } from "./held_out.ts";
import { corpusTokenizer } from "./tokenizer_builder.ts";

const SEEDS = [42, 0, 1];
const tokenizer = corpusTokenizer();
const withoutLastWord = (text: string) => text.slice(0, text.lastIndexOf(" "));
const texts = (pairs: PromptPair[]) =>
  pairs.flatMap((pair) => [pair.cleanText, pair.corruptedText]);

/** Prompts up to the read-out, as the tasks draw them; agreement prompts are all there are. */
function evaluationPrompts(): Record<string, string[]> {
  const perSeed = (draw: (seed: number) => PromptPair[]) =>
    SEEDS.flatMap((seed) => texts(draw(seed)));
  return {
    ioi: (Object.keys(IOI_FLIPS) as IoiFlipName[]).flatMap((flip) =>
      perSeed((seed) => ioiPairs(tokenizer, 300, seed, flip)).map(withoutLastWord)
    ),
    greater_than: perSeed((seed) => greaterThanPairs(tokenizer, 1000, seed)),
    gender_pronoun: perSeed((seed) => genderPronounPairs(tokenizer, 100, seed)),
    sva: Object.values(SVA_STRUCTURES).flatMap((pairs) =>
      pairs().flatMap(({ singular, plural }) => [singular, plural])
    ),
    capitals: perSeed((seed) => madeUpFactPairs("capitals", tokenizer, 24, seed)),
    two_hop: perSeed((seed) => madeUpFactPairs("two_hop", tokenizer, 48, seed)),
  };
}

/** Finds whole prompts anywhere in a text: candidates by their first two words, then compared in full. */
function promptFinder(prompts: string[]): (text: string) => string | undefined {
  const firstTwo = (text: string) => text.split(" ", 2).join(" ");
  const byStart = Map.groupBy(new Set(prompts), firstTwo);
  return (text) => {
    const words = text.split(" ");
    for (let i = 0; i + 1 < words.length; i++) {
      const candidates = byStart.get(`${words[i]} ${words[i + 1]}`);
      if (candidates === undefined) continue;
      const rest = words.slice(i).join(" ");
      const found = candidates.find((prompt) => rest.startsWith(prompt));
      if (found !== undefined) return found;
    }
  };
}

Deno.test("isHeldOut() knows every evaluation prompt of every task", () => {
  for (const [task, prompts] of Object.entries(evaluationPrompts())) {
    assert(prompts.length > 100, `${task} has ${prompts.length} prompts`);
    for (const prompt of prompts) {
      assert(isHeldOut(prompt), `${task}: ${prompt}`);
      assert(isHeldOut(`It was late. ${prompt} and more.`), `${task} inside a document: ${prompt}`);
    }
  }
});

Deno.test("isHeldOut() lets near relatives of the prompts pass", () => {
  for (
    const text of [
      "Then, Alex and Anthony had a lot of fun at the school. Anthony handed a ring to Alex.",
      "The war lasted from the year 1732 to the year 1758.",
      "The long affair lasted from the year 1732 to the year 1758.",
      "The old doctor near the guards is happy.",
      "So Amy is such a kind cook, isn't she?",
    ]
  ) assertEquals(isHeldOut(text), false, text);
});

Deno.test("documents() never contain an evaluation prompt, in either split", () => {
  const find = promptFinder(Object.values(evaluationPrompts()).flat());
  const planted = "Then, Alex and Anthony had a lot of fun at the school. Anthony gave a ring to";
  assertEquals(find(`It was late. ${planted} Alex.`), planted);
  for (const [split, count] of [["train", 20_000], ["validation", 2_000]] as [Split, number][]) {
    let left = count;
    for (const { text } of documents(11, split)) {
      assertEquals(find(text), undefined, text);
      if (--left === 0) break;
    }
  }
});
