/**
 * Where heads attend on a few of a task's prompts, `graphs/{model}/{task}/attention.json`, for the explorer page.
 *
 * A prompt's patterns at a checkpoint are one string: for each layer and head, the lower triangle of its pattern row after
 * row, one byte per number (255 is 1), compressed (raw deflate) and written in base64.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import { UserError } from "../../../base/mod.ts";
import { defineResult, type ResultKind } from "../../kind.ts";
import { modelHeader } from "../parts.ts";

const prompt = z.object({
  /** the clean prompt up to the read-out, token by token */
  tokens: z.array(z.string()).min(1).max(1024),
  /** a correct answer, and a wrong one that it is compared with */
  correct: z.string(),
  wrong: z.string(),
  /** positions of named tokens: IO, S1, S2, END, … */
  marks: z.record(z.string(), z.int().min(0)),
});

const header = modelHeader.extend({
  task: z.string(),
  metric: z.string(),
  prompts: z.array(prompt),
});

const entry = z.object({
  /** metric of the model on each clean prompt */
  metric: z.array(z.number()),
  /** by prompt; see the header of this file */
  patterns: z.array(z.string()),
});

/** What a file of patterns says about all checkpoints. */
export type AttentionHeader = z.infer<typeof header>;

/** Patterns and metric at one checkpoint. */
export type AttentionEntry = z.infer<typeof entry>;

/** A file of patterns as the explorer shows it. */
export interface AttentionPatternFile {
  /** the prompts */
  prompts: AttentionHeader["prompts"];
  /** by step */
  steps: Record<string, AttentionEntry>;
}

/** `graphs/{model}/{task}/attention.json`. */
export const attentionPatterns: ResultKind<AttentionHeader, AttentionEntry, [task: string]> =
  defineResult({
    format: "circuits-over-time/attention_patterns/1",
    madeBy: "get_circuits_over_time.ts",
    path: (paths, task: string) => paths.attention(task),
    header,
    entry,
  });

/** Returns a prompt's patterns as the file stores them. */
export function packPatterns(bytes: Uint8Array): string {
  return deflateRawSync(bytes, { level: 9 }).toString("base64");
}

/**
 * Reads a file of patterns and checks that each unpacks to the patterns of its prompt.
 * @throws UserError naming the file and the entry if it is damaged.
 */
export async function readAttention(path: string): Promise<AttentionPatternFile> {
  const { header: { prompts, shape }, entries } = await attentionPatterns.read(path);
  for (const [step, { metric, patterns }] of entries) {
    const fault = (where: string, found: string) =>
      new UserError(
        `${path}: checkpoints.${step}.${where}: ${found}; move it away, or make it again with ` +
          attentionPatterns.madeBy,
      );
    for (const [name, list] of Object.entries({ metric, patterns })) {
      if (list.length !== prompts.length) {
        throw fault(name, `expected ${prompts.length} prompts, found ${list.length}`);
      }
    }
    patterns.forEach((packed, i) => {
      const { length } = prompts[i].tokens;
      const expected = shape.nLayers * shape.nHeads * length * (length + 1) / 2;
      const found = unpackedLength(packed, expected);
      if (found !== expected) {
        const what = found === undefined ? "damaged patterns" : `${found} bytes`;
        throw fault(`patterns[${i}]`, `expected ${expected} bytes, found ${what}`);
      }
    });
  }
  return { prompts, steps: Object.fromEntries(entries) };
}

/** Returns the number of bytes that a string unpacks to; undefined if it does not, or to more than `most`. */
function unpackedLength(packed: string, most: number): number | undefined {
  try {
    return inflateRawSync(Uint8Array.fromBase64(packed), { maxOutputLength: most + 1 }).length;
  } catch {
    return undefined;
  }
}
