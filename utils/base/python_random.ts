/**
 * Python's `random` module for integer seeds, bit for bit, so that a seed gives the same prompts here
 * as in Python.
 *
 * 1. The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998) keeps 624 words of 32 bits. Seeding
 *    mixes a fixed sequence with the seed's 32-bit words, lowest first ("init by array").
 * 2. Each refill computes `x[i] = x[i+397] ⊕ (y >> 1) ⊕ (y odd ? 0x9908b0df : 0)` with y = top bit
 *    of x[i] joined to the low 31 bits of x[i+1]; each output is tempered by four shifts.
 * 3. Draws follow CPython 3.11: `getrandbits(k)` = top k bits of one output;
 *    `randbelow(n)` = repeat k-bit draws, k the bit length of n, until one is below n;
 *    `random()` = 53 bits of two outputs.
 */
const WORDS = 624;
const SHIFT = 397;

/** A seeded stream of random numbers, equal to `random.Random(seed)` of CPython 3. */
export class PythonRandom {
  readonly #state = new Uint32Array(WORDS);
  #next = WORDS;

  /** Seeds the stream. As in Python, the sign does not matter. @throws RangeError if `seed` is not a safe integer. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`expected a seed that is a whole number below 2^53, found ${seed}`);
    }
    const size = Math.abs(seed);
    const high = Math.floor(size / 2 ** 32);
    this.#seedByArray(high === 0 ? [size >>> 0] : [size >>> 0, high]);
  }

  /** Returns the top `k` bits of the next 32-bit output. @throws RangeError unless 1 ≤ k ≤ 32. */
  getrandbits(k: number): number {
    if (!(Number.isInteger(k) && k >= 1 && k <= 32)) {
      throw new RangeError(`getrandbits: expected 1 to 32 bits, found ${k}`);
    }
    return this.#output() >>> (32 - k);
  }

  /** Returns a float in [0, 1) with 53 random bits. */
  random(): number {
    const high = this.#output() >>> 5;
    const low = this.#output() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Returns a float between `a` and `b`. */
  uniform(a: number, b: number): number {
    return a + (b - a) * this.random();
  }

  /** Returns a whole number in 0 … n−1, as `randrange(n)` does. @throws RangeError unless 1 ≤ n < 2^32. */
  randbelow(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n < 2 ** 32)) {
      throw new RangeError(`randbelow: expected 1 to 2^32 - 1, found ${n}`);
    }
    const bits = 32 - Math.clz32(n);
    let draw = this.getrandbits(bits);
    while (draw >= n) draw = this.getrandbits(bits);
    return draw;
  }

  /** Returns an element of a list. @throws RangeError if the list is empty. */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("cannot choose from an empty list");
    return items[this.randbelow(items.length)];
  }

  /** Draws `k` elements with replacement. @throws RangeError if the list is empty. */
  choices<T>(items: readonly T[], k: number): T[] {
    if (items.length === 0) throw new RangeError("cannot choose from an empty list");
    return Array.from({ length: k }, () => items[Math.floor(this.random() * items.length)]);
  }

  /** Draws `k` elements at different indices, in the order drawn. @throws RangeError if the list is shorter. */
  sample<T>(items: readonly T[], k: number): T[] {
    const n = items.length;
    if (!(k >= 0 && k <= n)) throw new RangeError(`cannot sample ${k} of ${n} elements`);
    const setLimit = 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0);
    if (n <= setLimit) {
      const pool = [...items];
      return Array.from({ length: k }, (_, i) => {
        const j = this.randbelow(n - i);
        const drawn = pool[j];
        pool[j] = pool[n - i - 1];
        return drawn;
      });
    }
    const seen = new Set<number>();
    while (seen.size < k) seen.add(this.randbelow(n));
    return [...seen].map((j) => items[j]);
  }

  /** Shuffles the list in place (Fisher–Yates from the end) and returns it. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i >= 1; i--) {
      const j = this.randbelow(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  #seedByArray(key: number[]): void {
    const x = this.#state;
    x[0] = 19650218;
    for (let i = 1; i < WORDS; i++) x[i] = Math.imul(1812433253, mixed(x[i - 1])) + i;
    let i = 1;
    let j = 0;
    const advance = () => {
      if (++i >= WORDS) {
        x[0] = x[WORDS - 1];
        i = 1;
      }
    };
    for (let k = Math.max(WORDS, key.length); k > 0; k--) {
      x[i] = (x[i] ^ Math.imul(mixed(x[i - 1]), 1664525)) + key[j] + j;
      j = (j + 1) % key.length;
      advance();
    }
    for (let k = WORDS - 1; k > 0; k--) {
      x[i] = (x[i] ^ Math.imul(mixed(x[i - 1]), 1566083941)) - i;
      advance();
    }
    x[0] = 0x80000000;
  }

  #output(): number {
    if (this.#next === WORDS) this.#refill();
    let y = this.#state[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #refill(): void {
    const x = this.#state;
    for (let i = 0; i < WORDS; i++) {
      const y = (x[i] & 0x80000000) | (x[(i + 1) % WORDS] & 0x7fffffff);
      x[i] = x[(i + SHIFT) % WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

const mixed = (word: number): number => word ^ (word >>> 30);
