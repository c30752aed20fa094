/** A short name for the content of a task's prompts, by which results of an edited prompt file are told apart. */
import type { TaskData } from "./prompt_pair.ts";

/** The first 16 hexadecimal digits of the SHA-256 of what the prompts ask of a model: tokens, read-outs, answers. */
export async function promptDigest({ prompts, mode }: Pick<TaskData, "prompts" | "mode">) {
  const content = prompts.map((p) => [p.clean, p.corrupted, p.position, p.correct, p.wrong]);
  const bytes = new TextEncoder().encode(JSON.stringify([mode, content]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex().slice(0, 16);
}
