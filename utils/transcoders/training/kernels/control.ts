/**
 * The control block that the threads of a pool share, and how they wait on it. A call goes to all of them: the first thread
 * writes it and raises `epoch`; the others run their share and raise `done`.
 *
 *   words     epoch, done, kind of call, memory, function, number of arguments
 *   numbers   the arguments, as float64
 */

/** Places of the words. */
export const WORD = { epoch: 0, done: 1, kind: 2, memory: 3, name: 4, count: 5 } as const;

/** Kinds of calls: run a function, leave the loop to receive a message, forget a memory, stop. */
export const KIND = { run: 0, receive: 1, forget: 2, stop: 3 } as const;

const WORDS = 16;
const ARGUMENTS = 32;

/** Spins that a thread makes before it sleeps: calls follow each other within microseconds. */
const SPINS = 20_000;

/** Views of a control block. */
export interface Control {
  /** its memory */
  buffer: SharedArrayBuffer;
  /** the words */
  words: Int32Array<SharedArrayBuffer>;
  /** the arguments of a call */
  numbers: Float64Array<SharedArrayBuffer>;
}

/** Returns views of a control block; of a new one by default. */
export function controlOf(
  buffer = new SharedArrayBuffer(4 * WORDS + 8 * ARGUMENTS),
): Control {
  return {
    buffer,
    words: new Int32Array(buffer, 0, WORDS),
    numbers: new Float64Array(buffer, 4 * WORDS, ARGUMENTS),
  };
}

/** Waits until a word differs from `value`. Returns it. */
export function waitWhile(words: Int32Array<SharedArrayBuffer>, word: number, value: number) {
  for (let i = 0; i < SPINS; i++) {
    const found = Atomics.load(words, word);
    if (found !== value) return found;
  }
  for (;;) {
    const found = Atomics.load(words, word);
    if (found !== value) return found;
    Atomics.wait(words, word, value);
  }
}

/** Names of the functions of a module, in one order for all threads. */
export function functionsOf(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function")
    .map(({ name }) => name).sort();
}

/** Functions of an instance, in the order of {@link functionsOf}. */
export function instanceOf(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): ((...args: number[]) => void)[] {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return functionsOf(module).map((name) => exports[name] as (...args: number[]) => void);
}
