/**
 * Indirect-object prompts: "Then, Alex and Anthony went to the store. Anthony gave a ring to" → Alex.
 *
 * 1. Seed once; shuffle the 7 BABA and 7 ABBA templates.
 * 2. For each prompt, choose a template; choose three names until they differ (the third is drawn but
 *    not used); choose a place and an object, whether or not the template has a slot for them.
 * 3. The corrupted prompt repeats the indirect object instead of the subject, so that its natural
 *    continuation is the subject. The answers stay those of the clean prompt.
 *
 * The task is from Wang et al. (2022). The draws equal those of `IOIDataset` in code based on
 * TransformerLens, so seed 42 gives the prompts of published results.
 */
import { requireSingleToken, type Tokenizer } from "../model/mod.ts";
import { flipPrompt, IOI_FLIPS, type IoiFlipName, type IoiPrompt } from "./ioi_flips.ts";
import { isEncodable, makePair, type PromptPair } from "./prompt_pair.ts";
import { PythonRandom } from "../base/mod.ts";
import { ABBA_TEMPLATES, BABA_TEMPLATES, IOI_NAMES, IOI_OBJECTS, IOI_PLACES } from "./words/mod.ts";

/** Words to draw from. The defaults are the published lists; seeded draws rely on their order. */
export interface IoiWords {
  names: readonly string[];
  places: readonly string[];
  objects: readonly string[];
}

const PUBLISHED: IoiWords = { names: IOI_NAMES, places: IOI_PLACES, objects: IOI_OBJECTS };

/** Draws `n` sentences. @throws RangeError if there are fewer than three names, no place or no object. */
export function ioiPrompts(n: number, seed = 42, words: IoiWords = PUBLISHED): IoiPrompt[] {
  if (words.names.length < 3) {
    throw new RangeError(`ioi needs at least 3 names, found ${words.names.length}`);
  }
  const random = new PythonRandom(seed);
  const templates = random.shuffle([
    ...BABA_TEMPLATES.map((text) => ({ text, order: "BAB" as const })),
    ...ABBA_TEMPLATES.map((text) => ({ text, order: "ABB" as const })),
  ]);
  return Array.from({ length: n }, () => {
    const template = random.choice(templates);
    let names: string[];
    do {
      names = [random.choice(words.names), random.choice(words.names), random.choice(words.names)];
    } while (new Set(names).size < 3);
    const place = random.choice(words.places);
    const object = random.choice(words.objects);
    const [io, s] = names;
    const text = template.text
      .replaceAll("[PLACE]", place)
      .replaceAll("[OBJECT]", object)
      .replaceAll("[A]", io)
      .replaceAll("[B]", s);
    return { text, io, s, order: template.order };
  });
}

/**
 * Returns the published words that a tokenizer can encode: names that are single tokens after a space,
 * places and objects without unknown parts. For Pythia and GPT-2 these are all of them.
 */
export function encodableIoiWords(tokenizer: Tokenizer): IoiWords {
  const known = (word: string) => isEncodable(tokenizer, " " + word);
  return {
    names: IOI_NAMES.filter((name) => tokenizer.singleToken(" " + name) !== undefined),
    places: IOI_PLACES.filter(known),
    objects: IOI_OBJECTS.filter(known),
  };
}

/**
 * Makes the pairs of the `ioi` task: `simple` answers (IO against S), read at END (" to").
 *
 * Texts and tokens include the final name, which comes after the read-out. Marks: IO, S1, S2, END.
 * @param flip how the corrupted prompt differs; the default repeats IO instead of S
 * @throws Error naming the prompt if a pair does not align.
 */
export function ioiPairs(
  tokenizer: Tokenizer,
  n: number,
  seed = 42,
  flip: IoiFlipName = "token_oppo_pos_oppo",
): PromptPair[] {
  const words = encodableIoiWords(tokenizer);
  const rule = IOI_FLIPS[flip];
  const prompts = ioiPrompts(n, seed, words);
  const flipped = flipPrompt(prompts, rule, seed, words.names);
  return prompts.map((prompt, i) => pairOf(tokenizer, prompt, flipped[i].text, `ioi prompt ${i}`));
}

function pairOf(
  tokenizer: Tokenizer,
  prompt: IoiPrompt,
  corruptedText: string,
  where: string,
): PromptPair {
  const io = requireSingleToken(tokenizer, " " + prompt.io, where);
  const s = requireSingleToken(tokenizer, " " + prompt.s, where);
  const pair = makePair(
    tokenizer,
    { cleanText: prompt.text, corruptedText, correct: [io], wrong: [s] },
    where,
  );
  const end = pair.clean.length - 2;
  const marks = {
    IO: pair.clean.indexOf(io),
    S1: pair.clean.indexOf(s),
    S2: pair.clean.lastIndexOf(s),
    END: end,
  };
  return { ...pair, position: end, marks };
}
