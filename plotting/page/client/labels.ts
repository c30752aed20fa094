/**
 * Keeps labels and groups that the reader gives: with the server if the page comes from `serve.ts`, else in this browser.
 * Both hold one value for each scope, such as a set of transcoders.
 */

/** Labels of nodes by name, and groups of nodes. */
export interface Labels {
  labels: Record<string, string>;
  groups: { name: string; members: string[] }[];
}

/** The labels of a scope. */
export interface LabelStore {
  /** where they are kept: "server", "browser", or "page" where the browser keeps nothing */
  readonly place: "server" | "browser" | "page";
  /** the labels now */
  readonly value: Labels;
  /**
   * Replaces them. If another page has changed the scope on the server meanwhile, reads it again and applies `change` to
   * what it finds. Changes run one after the other.
   * @throws Error if the server refuses the value.
   */
  update(change: (labels: Labels) => Labels): Promise<Labels>;
}

/** How often a change is applied again after other pages' changes. */
const ATTEMPTS = 5;

const empty = (): Labels => ({ labels: {}, groups: [] });

/** Opens the labels of a scope. Without a server that answers, they are kept in this browser. */
export async function openLabels(scope: string): Promise<LabelStore> {
  const api = document.querySelector<HTMLMetaElement>('meta[name="labels"]')?.content;
  if (api) {
    try {
      return await ServerLabels.open(`${api}?scope=${encodeURIComponent(scope)}`);
    } catch (error) {
      console.warn(`labels are kept in this browser: ${(error as Error).message}`);
    }
  }
  return new BrowserLabels(`labels ${scope}`);
}

class ServerLabels implements LabelStore {
  readonly place = "server";
  value = empty();
  #version = "";
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly address: string) {}

  static async open(address: string): Promise<ServerLabels> {
    const labels = new ServerLabels(address);
    await labels.#read();
    return labels;
  }

  update(change: (labels: Labels) => Labels): Promise<Labels> {
    const next = this.#last.then(() => this.#update(change));
    this.#last = next.catch(() => {});
    return next;
  }

  async #update(change: (labels: Labels) => Labels): Promise<Labels> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const value = change(this.value);
      const answer = await fetch(this.address, {
        method: "PUT",
        headers: { "content-type": "application/json", "if-match": this.#version },
        body: JSON.stringify(value),
      });
      if (answer.ok) {
        this.#version = answer.headers.get("etag")!;
        return this.value = value;
      }
      if (answer.status !== 412) throw new Error(`labels were not saved: ${await answer.text()}`);
      await this.#read();
    }
    throw new Error("labels were not saved: other pages change them all the time");
  }

  async #read(): Promise<void> {
    const answer = await fetch(this.address);
    if (!answer.ok) throw new Error(await answer.text());
    this.#version = answer.headers.get("etag")!;
    this.value = await answer.json();
  }
}

class BrowserLabels implements LabelStore {
  place: "browser" | "page" = "browser";
  value = empty();

  constructor(private readonly key: string) {
    try {
      const stored = localStorage.getItem(key);
      if (stored) this.value = { ...empty(), ...JSON.parse(stored) };
    } catch {
      this.place = "page"; // a browser may refuse storage to pages from disk
    }
  }

  update(change: (labels: Labels) => Labels): Promise<Labels> {
    this.value = change(this.value);
    try {
      localStorage.setItem(this.key, JSON.stringify(this.value));
    } catch {
      this.place = "page";
    }
    return Promise.resolve(this.value);
  }
}
