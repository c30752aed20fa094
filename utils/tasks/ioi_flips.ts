/**
 * Corruptions of indirect-object prompts that separate which name S2 repeats (token signal) from
 * where that name was (position signal), after the S-inhibition experiments of Wang et al. (2022).
 *
 * A rule `ABB->XYZ, BAB->UVW` rewrites the first three names of a sentence. The left side has one letter
 * per name, in order of mention. Letters of the left side keep their names; every other letter is a
 * fresh name. The final name stays.
 *
 * 1. Seed with `seed + Σ character codes of the rule`.
 * 2. For each prompt, sort the names other than the prompt's own, and sample one for each fresh letter of
 *    the rule, in alphabetical order of the letters. (The original samples from a Python set, and its
 *    order changes from run to run; sorting makes the draw repeatable.)
 */
import { PythonRandom } from "../base/mod.ts";

/** One sentence; its final word is the indirect object. */
export interface IoiPrompt {
  /** The whole sentence. */
  text: string;
  /** The indirect object: the name mentioned once before the answer. */
  io: string;
  /** The subject: the name mentioned twice. */
  s: string;
  /** `ABB`: the indirect object is mentioned first; `BAB`: the subject is. */
  order: "ABB" | "BAB";
}

/** The rule of each flip; the empty rule changes nothing. */
export const IOI_FLIPS = {
  token_same_pos_same: "",
  token_diff_pos_same: "ABB->XYY, BAB->YXY",
  token_oppo_pos_same: "ABB->BAA, BAB->ABA",
  token_same_pos_oppo: "ABB->BAB, BAB->ABB",
  token_diff_pos_oppo: "ABB->XYX, BAB->XYY",
  token_oppo_pos_oppo: "ABB->ABA, BAB->BAA",
} as const;

/** Name of a flip: which token S2 repeats (same, different, opposite), and which position. */
export type IoiFlipName = keyof typeof IOI_FLIPS;

/** A prompt after a flip. */
export interface FlippedPrompt {
  /** The text with the new names. */
  text: string;
  /** The names of the first three mentions. */
  mentions: [string, string, string];
}

/**
 * Rewrites the first three names of each prompt.
 * @param names pool of fresh names
 * @throws Error if the rule is malformed or has no part for a prompt's order.
 */
export function flipPrompt(
  prompts: readonly IoiPrompt[],
  rule: string,
  seed: number,
  names: readonly string[],
): FlippedPrompt[] {
  const parts = parseRule(rule);
  const random = new PythonRandom(seed + [...rule].reduce((sum, c) => sum + c.charCodeAt(0), 0));
  const sorted = [...names].sort();
  return prompts.map((prompt) => {
    const right = rule === "" ? prompt.order : parts.get(prompt.order);
    if (right === undefined) {
      throw new Error(`flip rule "${rule}": expected a part for ${prompt.order}, found none`);
    }
    const named = new Map([["A", prompt.io], ["B", prompt.s]]);
    const fresh = [...new Set(right)].filter((letter) => !named.has(letter)).sort();
    const pool = sorted.filter((name) => name !== prompt.io && name !== prompt.s);
    random.sample(pool, fresh.length).forEach((name, i) => named.set(fresh[i], name));
    const mentions = [...right].map((letter) => named.get(letter)!) as [string, string, string];
    return { text: replaceMentions(prompt, mentions), mentions };
  });
}

/** Parses "ABB->XYY, BAB->YXY" into a map from order to right-hand side. */
function parseRule(rule: string): Map<string, string> {
  if (rule === "") return new Map();
  return new Map(
    rule.split(",").map((part) => {
      const match = part.trim().match(/^(ABB|BAB)->([A-Z]{3})$/);
      if (!match) throw new Error(`flip rule "${rule}": expected parts like "ABB->XYY"`);
      return [match[1], match[2]];
    }),
  );
}

function replaceMentions(prompt: IoiPrompt, mentions: string[]): string {
  let next = 0;
  return prompt.text.split(" ").map((word) =>
    (word === prompt.io || word === prompt.s) && next < 3 ? mentions[next++] : word
  ).join(" ");
}
