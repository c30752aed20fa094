/** Firings of features on a sample of text: added token by token, read feature by feature. Memory: 12 bytes per firing. */

/** Firings by feature. */
export interface Firings {
  /** number of features */
  features: number;
  /** where the firings of each feature start, and the end, `[F + 1]` */
  starts: Uint32Array;
  /** token of each firing, ascending within a feature */
  tokens: Uint32Array;
  /** activation of each firing */
  values: Float32Array;
}

/** Collects firings. */
export class FiringCollector {
  #tokens = new Uint32Array(1 << 12);
  #ids = new Uint32Array(1 << 12);
  #values = new Float32Array(1 << 12);
  #count = 0;

  /** Takes the number of features. */
  constructor(private readonly features: number) {}

  /** Adds a firing. Tokens come in ascending order. */
  add(token: number, feature: number, value: number): void {
    if (this.#count === this.#tokens.length) this.#grow();
    this.#tokens[this.#count] = token;
    this.#ids[this.#count] = feature;
    this.#values[this.#count++] = value;
  }

  #grow(): void {
    const length = this.#count * 2;
    const grown = <A extends Uint32Array | Float32Array>(old: A, next: A): A => {
      next.set(old);
      return next;
    };
    this.#tokens = grown(this.#tokens, new Uint32Array(length));
    this.#ids = grown(this.#ids, new Uint32Array(length));
    this.#values = grown(this.#values, new Float32Array(length));
  }

  /** Returns the firings by feature. */
  byFeature(): Firings {
    const F = this.features, n = this.#count;
    const starts = new Uint32Array(F + 1);
    for (let i = 0; i < n; i++) starts[this.#ids[i] + 1]++;
    for (let f = 0; f < F; f++) starts[f + 1] += starts[f];
    const next = starts.slice(), tokens = new Uint32Array(n), values = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const at = next[this.#ids[i]]++;
      tokens[at] = this.#tokens[i];
      values[at] = this.#values[i];
    }
    return { features: F, starts, tokens, values };
  }
}
