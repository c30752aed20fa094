/**
 * A shard of a run: every n-th checkpoint, so that n processes share the work without asking each other.
 *
 *     --shard 2/8     the second, tenth, eighteenth … checkpoint of the schedule
 *
 * A shard measures its checkpoints and stops. It writes each result to a file that no other process writes, so that nothing
 * relies on locks, which network file systems may not keep. The same command without `--shard` collects the results of
 * all shards, measures what is missing, and compares checkpoints.
 */
import { z } from "zod";
import { UserError } from "../base/mod.ts";

/** Schema fragment: spread it into the keys of a script whose checkpoints can be measured apart. */
export const shardKey = {
  shard: z.string().optional().describe(
    "i/n: measure every n-th checkpoint only, starting at the i-th; the command without it then collects and compares",
  ),
} as const;

/** One of `of` equal parts of the work. */
export interface Shard {
  /** from 1 to `of` */
  index: number;
  /** how many parts there are */
  of: number;
}

/**
 * Reads a shard, e.g. "2/8"; undefined stays undefined.
 * @throws UserError (exit code 2) if the text is not i/n with 1 ≤ i ≤ n, or if the run starts from scratch.
 */
export function parseShard(text: string | undefined, overwrite: boolean): Shard | undefined {
  if (text === undefined) return undefined;
  const [, index, of] = text.match(/^(\d{1,6})\/(\d{1,6})$/)?.map(Number) ?? [];
  if (index === undefined || index < 1 || index > of) {
    throw new UserError(
      `shard: expected i/n with i from 1 to n, such as 2/8; found ${JSON.stringify(text)}`,
      2,
    );
  }
  if (overwrite) {
    throw new UserError(
      "shard: a shard cannot start from scratch, since it would remove results of the others; " +
        "remove the results first, or choose another folder",
      2,
    );
  }
  return { index, of };
}

/** Returns the steps of a shard, in their order; all without one. */
export function shardOf(steps: readonly number[], shard: Shard | undefined): readonly number[] {
  return shard === undefined ? steps : steps.filter((_, i) => i % shard.of === shard.index - 1);
}

/** Says what a shard did, and how its results are collected. */
export function shardText({ index, of }: Shard, steps: readonly number[]): string {
  const count = steps.length === 1 ? "1 checkpoint" : `${steps.length} checkpoints`;
  return `shard ${index}/${of}: ${count}; the same command without --shard collects all shards`;
}
