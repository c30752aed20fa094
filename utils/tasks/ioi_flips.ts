/**
 * Corruptions of indirect-object prompts that separate which name S2 repeats (token signal) from
 * where that name stood (position signal), after the S-inhibition experiments of Wang et al. (2022).
 *
 * A rule `ABB->XYZ, BAB->UVW` rewrites the first three names of a sentence, the left side naming
 * them in order of mention. Letters of the left side keep their names; every other letter is a fresh
 * name. The final name stays.
 *
 * 1. Seed with `seed + Σ character codes of the rule`.
 * 2. Per prompt: pool = names minus the prompt's own, sorted; sample as many as the rule has fresh
 *    letters, in alphabetical order of the letters. (The original pool is a Python set, whose order
 *    changes from run to run; sorting it makes the draw repeatable.)
 */
import type { IoiPrompt } from "./ioi.ts";
import { PythonRandom } from "../base/python_random.ts";

/** Rule of each flip; the empty rule changes nothing. */
export const IOI_FLIPS = {
  token_same_pos_same: "",
  token_diff_pos_same: "ABB->XYY, BAB->YXY",
  token_oppo_pos_same: "ABB->BAA, BAB->ABA",
  token_same_pos_oppo: "ABB->BAB, BAB->ABB",
  token_diff_pos_oppo: "ABB->XYX, BAB->XYY",
  token_oppo_pos_oppo: "ABB->ABA, BAB->BAA",
} as const;

export type IoiFlipName = keyof typeof IOI_FLIPS;

/** The name of each of the three mentions after a flip, and the text with them. */
export interface FlippedPrompt {
  text: string;
  mentions: [string, string, string];
}

/**
 * Rewrites the first three names of each prompt.
 * @param names pool of fresh names
 * @throws Error if the rule has no part for a prompt's order
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
    if (right === undefined) throw new Error(`flip "${rule}" says nothing of ${prompt.order}`);
    const named = new Map([["A", prompt.io], ["B", prompt.s]]);
    const fresh = [...new Set(right)].filter((letter) => !named.has(letter)).sort();
    const pool = sorted.filter((name) => name !== prompt.io && name !== prompt.s);
    random.sample(pool, fresh.length).forEach((name, i) => named.set(fresh[i], name));
    const mentions = [...right].map((letter) => named.get(letter)!) as [string, string, string];
    return { text: replaceMentions(prompt, mentions), mentions };
  });
}

/** "ABB->XYY, BAB->YXY" as a map from order to right-hand side. */
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
