/** Keeps pages until one of their result files changes. */

/** Most bytes of HTML kept, about. */
const MOST_BYTES = 64e6;

/** Keeps the pages that were asked for last. */
export class PageCache {
  readonly #pages = new Map<string, { stamp: string; html: Promise<string> }>();

  /**
   * Returns a page, or makes it if a file has changed since. Pages that fail are not kept.
   * @param key names the page
   * @param files the files that it shows
   * @throws what `build` throws
   */
  async page(
    key: string,
    files: readonly { path: string; size: number; modified: number }[],
    build: () => Promise<string>,
  ): Promise<string> {
    const stamp = JSON.stringify(files.map(({ path, size, modified }) => [path, size, modified]));
    let kept = this.#pages.get(key);
    if (kept?.stamp !== stamp) kept = { stamp, html: build() };
    this.#pages.delete(key);
    this.#pages.set(key, kept);
    try {
      const html = await kept.html;
      await this.#evict();
      return html;
    } catch (error) {
      this.#pages.delete(key);
      throw error;
    }
  }

  async #evict(): Promise<void> {
    let bytes = 0;
    for (const [key, { html }] of [...this.#pages].reverse()) {
      bytes += (await html.catch(() => "")).length;
      if (bytes > MOST_BYTES && key !== [...this.#pages.keys()].at(-1)) this.#pages.delete(key);
    }
  }
}
