/**
 * Keeps labels and groups that readers give features, in one JSON file:
 *
 *     { "format": "circuits-over-time/labels/1", "scopes": [{ "scope": …, "labels": …, "groups": … }, …] }
 *
 * A scope is what names mean the same in, such as one set of transcoders. Pages read and write a scope at a time through
 * `plotting/page/client/labels.ts`.
 */
import { z } from "zod";
import { contentDigest, readJson, UserError, writeJsonAtomic } from "../../utils/base/mod.ts";

const FORMAT = "circuits-over-time/labels/1";
/** Largest size of a scope, in bytes of JSON. */
export const MOST_BYTES = 4_000_000;

const scopeSchema = z.strictObject({
  /** name of a node → label */
  labels: z.record(z.string().max(500), z.string().max(2000)),
  groups: z.array(z.strictObject({
    name: z.string().max(2000),
    members: z.array(z.string().max(500)).max(100_000),
  })).max(10_000),
});

/** Labels and groups of one scope. */
export type ScopeLabels = z.infer<typeof scopeSchema>;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  scopes: z.array(scopeSchema.extend({ scope: z.string() })),
});

/** What a change of a scope led to: its new version, or why it was refused. */
export type Written = { version: string } | { conflict: string } | { invalid: string };

/** The file of labels. Writes are one at a time. */
export class LabelsFile {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    /** where the file is; made by the first write */
    readonly path: string,
  ) {}

  /** Returns a scope and its version. @throws UserError if the file is not one of labels. */
  async read(scope: string): Promise<{ value: ScopeLabels; version: string }> {
    const { scopes } = await this.#content();
    const { labels, groups } = scopes.find((each) => each.scope === scope) ??
      { labels: {}, groups: [] };
    const value = { labels, groups };
    return { value, version: await contentDigest(value) };
  }

  /**
   * Replaces a scope if its version is still `version`, so that two pages do not undo each other's changes.
   * @throws UserError if the file is not one of labels; WriteError if it cannot be written.
   */
  write(scope: string, given: unknown, version: string): Promise<Written> {
    const next = this.#last.then(() => this.#replace(scope, given, version));
    this.#last = next.catch(() => {});
    return next;
  }

  async #replace(scope: string, given: unknown, version: string): Promise<Written> {
    const parsed = scopeSchema.safeParse(given);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0];
      return { invalid: `${path.join(".") || "body"}: ${message}` };
    }
    const { version: now } = await this.read(scope);
    if (now !== version) return { conflict: now };
    const { scopes } = await this.#content();
    const { labels, groups } = parsed.data;
    const all = [...scopes.filter((each) => each.scope !== scope), { scope, labels, groups }]
      .sort((a, b) => a.scope < b.scope ? -1 : 1);
    await writeJsonAtomic(this.path, { format: FORMAT, scopes: all });
    return { version: await contentDigest({ labels, groups }) };
  }

  async #content(): Promise<z.infer<typeof fileSchema>> {
    const content = await readJson(this.path).catch((cause) => {
      throw new UserError((cause as Error).message, 1, { cause });
    });
    if (content === undefined) return { format: FORMAT, scopes: [] };
    const parsed = fileSchema.safeParse(content);
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0];
    throw new UserError(`${this.path}: ${path.join(".") || "file"}: ${message}; move it away`);
  }
}
