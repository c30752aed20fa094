/** A short name for the content of a task's prompts, so that results of an edited prompt file are not confused. */
import { contentDigest } from "../base/mod.ts";
import type { TaskData } from "./prompt_pair.ts";

/** Returns the `contentDigest` of what the prompts ask of a model: tokens, read-outs, answers. */
export function promptDigest(
  { prompts, mode }: Pick<TaskData, "prompts" | "mode">,
): Promise<string> {
  const content = prompts.map((p) => [p.clean, p.corrupted, p.position, p.correct, p.wrong]);
  return contentDigest([mode, content]);
}
