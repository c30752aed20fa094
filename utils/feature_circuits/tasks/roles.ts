/**
 * Roles of positions, which align the prompts of a task:
 *
 *     a marked position        the mark: IO, S1, S2, END, YY, NAME, SUBJECT …
 *     between two marks        the mark before, with "+": IO+, S1+, S2+
 *     before the first mark    "start"
 *
 * A prompt counts up to its read-out. So every position has one role, and nodes of one role add up over its positions.
 */
import { mean } from "../../base/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";

/** Returns the role of each position up to the read-out. */
export function rolesOf(
  { marks = {}, position }: Pick<PromptPair, "marks" | "position">,
): string[] {
  const at = new Map(Object.entries(marks).map(([name, p]) => [p, name]));
  let before: string | undefined;
  return Array.from({ length: position + 1 }, (_, p) => {
    const mark = at.get(p) ?? (p === position ? "END" : undefined);
    if (mark !== undefined) before = mark;
    return mark ?? (before === undefined ? "start" : `${before}+`);
  });
}

/** Returns the roles of a task, by their mean position. */
export function roleNames(prompts: readonly Pick<PromptPair, "marks" | "position">[]): string[] {
  const places = new Map<string, number[]>();
  for (const prompt of prompts) {
    rolesOf(prompt).forEach((role, p) => places.set(role, [...places.get(role) ?? [], p]));
  }
  return [...places].map(([role, at]) => ({ role, place: mean(at) }))
    .sort((a, b) => a.place - b.place || (a.role < b.role ? -1 : 1))
    .map(({ role }) => role);
}
