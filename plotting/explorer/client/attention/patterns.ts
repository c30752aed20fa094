/**
 * Unpacks attention patterns, and averages them by the role of positions.
 *
 * A prompt's patterns are one byte per number: for each layer and head, the lower triangle of its pattern row after row.
 */
import type { AttentionPatternFile } from "../../../../utils/results/mod.ts";

/** A prompt with its patterns at one checkpoint. */
export interface PromptPatterns {
  /** tokens of the prompt */
  tokens: string[];
  /** positions with a name */
  marks: Record<string, number>;
  /** Returns the attention of a head (counted over layers) from token `query` to token `key`, 0 … 1. */
  attention(head: number, query: number, key: number): number;
}

/** A mean over prompts. */
export interface RoleScore {
  mean: number;
  least: number;
  most: number;
  /** prompts with both positions, the key not after the query */
  prompts: number;
}

/** The keys beside the task's own positions. */
export const FIRST = "first token";
/** The token before the query. */
export const PREVIOUS = "previous";

/** Returns the bytes that a string of a result file unpacks to. */
export async function unpack(packed: string): Promise<Uint8Array> {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Returns the patterns of all prompts at a step; undefined if the file lacks the step. */
export async function patternsAt(
  { prompts, steps }: AttentionPatternFile,
  step: number,
): Promise<PromptPatterns[] | undefined> {
  const entry = steps[step];
  if (!entry) return undefined;
  const unpacked = await Promise.all(entry.patterns.map(unpack));
  return prompts.map(({ tokens, marks }, i) => {
    const size = tokens.length * (tokens.length + 1) / 2;
    return {
      tokens,
      marks,
      attention: (head, query, key) =>
        key > query ? 0 : unpacked[i][head * size + query * (query + 1) / 2 + key] / 255,
    };
  });
}

/** Returns the names of positions of the prompts, in the order of the first prompt that has them. */
export function rolesOf(prompts: AttentionPatternFile["prompts"]): string[] {
  const names = new Set<string>();
  for (const { marks } of prompts) {
    for (const [name] of Object.entries(marks).sort((a, b) => a[1] - b[1])) names.add(name);
  }
  names.delete("END");
  return [...names, "END"];
}

/** Returns a head's mean attention from one named position to another; null if no prompt has both in this order. */
export function roleScore(
  prompts: readonly PromptPatterns[],
  head: number,
  from: string,
  to: string,
): RoleScore | null {
  const values = prompts.flatMap(({ marks, attention }) => {
    const query = marks[from];
    if (query === undefined) return [];
    const key = to === FIRST ? 0 : to === PREVIOUS ? query - 1 : marks[to];
    return key === undefined || key < 0 || key > query ? [] : [attention(head, query, key)];
  });
  if (values.length === 0) return null;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    least: Math.min(...values),
    most: Math.max(...values),
    prompts: values.length,
  };
}
