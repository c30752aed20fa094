/**
 * Turns rehearsed runs into seconds on this machine.
 *
 *  1. The rate of a matrix product r and the bandwidth of an addition b are measured for a quarter of a second each.
 *  2. Every run has a first guess, `flops / r + moved / b + 4 µs · nodes + 30 µs`.
 *  3. The models with the largest guesses are compiled and run once or more on made-up feeds, at the sizes that cost most,
 *     until `budgetMs` is used up. Time at other sizes: measured · guess / guess at the measured sizes.
 *     The first run of a model, which sets up memory, counts as the first one measured.
 *  4. Models that were not run: guess · Σ measured / Σ guess of those that were.
 *
 * All seconds are those of a machine that does nothing else (`stopwatch`). Compiling counts too: seconds for each node of
 * the models that were compiled, for the nodes of all.
 */
import { DTYPES, sizeOf, type Tensor, tensor } from "../dtype.ts";
import { Graph, type Value } from "../graph.ts";
import { add, matmul, sum } from "../ops/mod.ts";
import type { Model } from "../model.ts";
import { type Feeds, Session, type SessionOptions } from "../session.ts";
import type { RunCost } from "./costs.ts";
import type { RehearsedRuns } from "./rehearsal.ts";
import { stopwatch } from "./stopwatch.ts";

/** What rehearsed runs take. */
export interface Rehearsed {
  /** seconds of all runs */
  seconds: number;
  /** seconds of compiling every model once */
  compileSeconds: number;
  /** floating-point operations of all runs */
  flops: number;
  /** the rate of a large matrix product, operations a second */
  rate: number;
  /** share of the first guess that was measured */
  measured: number;
}

const NODE_SECONDS = 4e-6, RUN_SECONDS = 30e-6, COMPILE_SECONDS = 0.4e-3;

/** Measures the speed of this machine on the models that matter, and returns the time of all runs. */
export async function rehearsedSeconds(
  all: readonly RehearsedRuns[],
  { budgetMs = 5000 }: { budgetMs?: number } = {},
): Promise<Rehearsed> {
  const options = all[0]?.options ?? {};
  const rate = await matmulRate(options), bandwidth = await additionBandwidth(options);
  const guess = ({ flops, moved, nodes }: RunCost) =>
    flops / rate + moved / bandwidth + NODE_SECONDS * nodes + RUN_SECONDS;
  const groups = [...Map.groupBy(all, ({ model }) => model).values()].map((runs) => ({
    runs,
    total: runs.reduce((sum, { count, cost }) => sum + count * guess(cost), 0),
  })).sort((a, b) => b.total - a.total);

  const size = (group: readonly RehearsedRuns[]) => group[0].model.nodes.length;
  let seconds = 0, guessed = 0, rest = 0, compiling = 0, compiled = 0;
  const used = stopwatch();
  for (const { runs, total } of groups) {
    const dearest = runs.reduce((a, b) =>
      b.count * guess(b.cost) > a.count * guess(a.cost) ? b : a
    );
    const cheap = runs.reduce((a, b) => guess(b.cost) < guess(a.cost) ? b : a);
    const left = budgetMs / 1000 - used();
    const toCompile = size(runs) * (compiled === 0 ? COMPILE_SECONDS : compiling / compiled);
    const fits = ({ cost }: RehearsedRuns, seconds: number) =>
      toCompile + 4 * guess(cost) < Math.min(left, seconds);
    const chosen = fits(dearest, budgetMs / 4000)
      ? dearest
      : fits(cheap, budgetMs / 2000)
      ? cheap
      : undefined;
    if (chosen === undefined) {
      rest += total;
      continue;
    }
    const { compile, first, run } = await measured(chosen, Math.min(left, 0.15));
    compiling += compile;
    compiled += size(runs);
    const once = Math.max(...runs.map(({ cost }) => guess(cost)));
    seconds += (total * run + once * Math.max(0, first - run)) / guess(chosen.cost);
    guessed += total;
  }
  const whole = guessed + rest;
  return {
    seconds: seconds + rest * (guessed > 0 ? seconds / guessed : 1),
    compileSeconds: (compiled === 0 ? COMPILE_SECONDS : compiling / compiled) *
      groups.reduce((sum, { runs }) => sum + size(runs), 0),
    flops: all.reduce((sum, { count, cost }) => sum + count * cost.flops, 0),
    rate,
    measured: whole === 0 ? 1 : guessed / whole,
  };
}

const threadsOf = ({ threads = navigator.hardwareConcurrency }: SessionOptions) => threads;

/** Compiles a model and runs it at the sizes of its rehearsed runs; returns the seconds of both. */
async function measured(
  { model, options: { rehearsal: _, ...options }, feeds }: RehearsedRuns,
  atMost: number,
): Promise<{ compile: number; first: number; run: number }> {
  const seconds = stopwatch();
  const session = await Session.of({ ...model }, options);
  const compile = seconds();
  const given = madeUpFeeds(model, feeds);
  const threads = threadsOf(options);
  const { first, later } = await secondsOf(() => session.run(given), atMost, threads);
  await session.release();
  return { compile, first, run: later };
}

/** Returns feeds of given shapes: small numbers, valid indices, masks that hold. */
function madeUpFeeds({ inputs }: Model, shapes: Record<string, number[]>): Feeds {
  const feeds: Feeds = {};
  for (const [name, { dtype }] of inputs) {
    const data = DTYPES[dtype].make(sizeOf(shapes[name]));
    if (data instanceof Float32Array || data instanceof Float64Array) data.fill(0.01);
    if (data instanceof Uint8Array) data.fill(1);
    feeds[name] = { dtype, shape: shapes[name], data };
  }
  return feeds;
}

/** A first run longer than this, in seconds, is not repeated. */
const LONG_RUN = 0.5;

/** Returns the seconds of a first run, which sets up memory, and the median of later ones, which take about `atMost`. */
async function secondsOf(
  run: () => Promise<unknown>,
  atMost: number,
  threads: number,
): Promise<{ first: number; later: number }> {
  const once = async () => {
    const seconds = stopwatch(threads);
    await run();
    return seconds();
  };
  const first = await once();
  if (first > LONG_RUN) return { first, later: first };
  const times: number[] = [];
  for (let left = atMost; left > 0 && times.length < 15; left -= times.at(-1)!) {
    times.push(await once());
  }
  return { first, later: times.sort((a, b) => a - b)[times.length >> 1] };
}

/** Returns the floating-point operations a second of a product of two 768 × 768 matrices. */
async function matmulRate(options: SessionOptions): Promise<number> {
  const n = 768;
  const g = new Graph();
  const y = matmul(g.input("x", [n, n]), g.input("w", [n, n]));
  const seconds = await quick({ y }, { x: square(n), w: square(n) }, options);
  return 2 * n ** 3 / seconds;
}

/** Returns the bytes a second that an addition of two arrays of 16 MB, and the sum of the result, read and write. */
async function additionBandwidth(options: SessionOptions): Promise<number> {
  const n = 2048;
  const g = new Graph();
  const y = sum(add(g.input("a", [n, n]), g.input("b", [n, n])), [0, 1]);
  const seconds = await quick({ y }, { a: square(n), b: square(n) }, options);
  return 4 * 4 * n ** 2 / seconds;
}

const square = (n: number): Tensor => tensor(new Float32Array(n * n).fill(0.01), [n, n]);

async function quick(
  outputs: Record<string, Value>,
  feeds: Feeds,
  { rehearsal: _, ...options }: SessionOptions,
): Promise<number> {
  const session = await Session.compile(outputs, {}, options);
  const { later } = await secondsOf(() => session.run(feeds), 0.25, threadsOf(options));
  await session.release();
  return later;
}
