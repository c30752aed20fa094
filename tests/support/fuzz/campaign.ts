/**
 * Damages files of every kind, reads them, and judges how the reader fails.
 *
 * 1. A worker makes the good files of a kind in a folder, and reads them: they must open.
 * 2. For each case it damages one file by a seed (kind, case), reads, and puts the good file back.
 * 3. A reader may succeed, or throw an error whose message names the file. An error of a bug's class (TypeError, …), a
 *    message without the file or of many lines, a rejection that nobody awaits, a case that takes longer than the limit or
 *    more memory than the limit is a failure. A worker that hangs is ended, and the next one goes on after the case.
 */

/** A failure of one case. */
export interface Failure {
  kind: string;
  /** number of the case; with the seed it makes the same file again */
  number: number;
  reason: string;
}

/** What a worker reports. */
export type Report =
  | { kind: string; number: number; started: true }
  | { kind: string; number: number; failed: string }
  | { done: true };

/** What a worker is asked to do. */
export interface Order {
  kind: string;
  seed: number;
  from: number;
  to: number;
}

/** The sum of a campaign. */
export interface FuzzEnd {
  cases: number;
  failures: Failure[];
}

/** Milliseconds for one case. A reader takes a few; the machine may be busy. */
const CASE_LIMIT = 10_000;

/**
 * Runs a campaign over kinds.
 * @param report is called with a line per kind
 * @throws Error naming a kind whose good file does not open
 */
export async function fuzz(
  kinds: readonly string[],
  mutations: number,
  seed: number,
  report: (line: string) => void = () => {},
): Promise<FuzzEnd> {
  const end: FuzzEnd = { cases: 0, failures: [] };
  const workers = new Workers();
  try {
    for (const kind of kinds) {
      const started = performance.now();
      const before = end.failures.length;
      for (let from = 0; from < mutations;) {
        from = await workers.run({ kind, seed, from, to: mutations }, end.failures);
      }
      end.cases += mutations;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      report(
        `${kind}: ${mutations} files, ${end.failures.length - before} failures (${seconds} s)`,
      );
    }
  } finally {
    workers.end();
  }
  return end;
}

/** One worker at a time; another one after a hang. */
class Workers {
  #worker?: Worker;

  /** Runs cases; returns the case to go on with. */
  run(order: Order, failures: Failure[]): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const fresh = this.#worker === undefined;
    const worker = this.#worker ??= new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
    });
    let last = order.from - 1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const broken = (reason: string) => {
      clearTimeout(timer);
      this.end();
      if (last < order.from) return reject(new Error(`${order.kind}: ${reason}`));
      failures.push({ kind: order.kind, number: last, reason });
      resolve(last + 1);
    };
    const watch = (milliseconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => broken(`takes longer than ${milliseconds} ms`), milliseconds);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      broken(`an error that nobody awaits: ${event.message}`);
    };
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if ("done" in data) {
        clearTimeout(timer);
        return resolve(order.to);
      }
      last = data.number;
      if ("failed" in data) failures.push({ kind: data.kind, number: last, reason: data.failed });
      watch(CASE_LIMIT);
    };
    watch(fresh ? 12 * CASE_LIMIT : 3 * CASE_LIMIT); // to load the modules, and make the good files
    worker.postMessage(order);
    return promise;
  }

  /** Ends the worker. */
  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
