/**
 * Progress of a long run: one line that redraws itself on a terminal, a plain line every half minute elsewhere.
 *
 *     checkpoint 3/18 · attribution 12/30 ━━━━━────────────────  18 %  4.1/s  2m 5s left
 *
 * Everything happens in `update`. There is no timer, so the bar also moves during synchronous work. The time left is the
 * mean time of the finished items times the items left, minus the time already spent on the current item.
 */
import { format } from "@std/fmt/duration";
import { isQuiet } from "./output.ts";
import { hasColors, styled, terminalColumns } from "./terminal.ts";

/** Where progress is shown; tests replace it. */
export interface ProgressTarget {
  /** Draws the bar, or the plain line that replaces it. */
  draw(text: string): void;
  /** Prints a permanent line of the run's report. */
  report(line: string): void;
  /** whether the bar redraws itself */
  readonly interactive: boolean;
  /** whether the bar has colours */
  readonly colors: boolean;
  /** Returns the width of a line. */
  columns(): number;
  /** Returns milliseconds since any fixed moment. */
  now(): number;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 30_000;
const BAR_WIDTH = 24;

let shown: Progress | undefined;

/** Removes the bar from the terminal, before an error or a last message is printed. */
export function clearProgress(): void {
  shown?.clear();
}

/** A count towards a total, with at most one part running inside the current item. */
export class Progress {
  #done: number;
  #note = "";
  #part?: Progress;
  #lastDraw: number;
  #started: number;
  #advanced: number;
  #drawn = false;

  /**
   * Starts a count.
   * @param label what is counted, e.g. "checkpoint"
   * @param total number of items
   * @param options.from items done before this run; they do not count for its rate
   */
  constructor(
    readonly label: string,
    readonly total: number,
    private readonly options: { from?: number; target?: ProgressTarget; parent?: Progress } = {},
  ) {
    this.#done = options.from ?? 0;
    this.#started = this.#advanced = this.#lastDraw = this.#target.now();
  }

  get #target(): ProgressTarget {
    return this.#root.options.target ?? STDERR;
  }

  /** Sets the number of items done, and a short note such as the current loss. */
  update(done: number, note = ""): void {
    if (done > this.#done) this.#advanced = this.#target.now();
    if (done !== this.#done) this.#part = undefined;
    this.#done = done;
    this.#note = note;
    this.#root.#draw();
  }

  /** Counts one more item. */
  advance(note?: string): void {
    this.update(this.#done + 1, note);
  }

  /**
   * Starts a part of the current item; it replaces the part before it.
   * @param from items of the part done before this run
   */
  begin(label: string, total: number, from = 0): Progress {
    this.#part = new Progress(label, total, { parent: this, from });
    this.#root.#draw();
    return this.#part;
  }

  /** Prints a permanent line above the bar. */
  line(text: string): void {
    this.#root.clear();
    this.#target.report(text);
    this.#root.#lastDraw = -Infinity;
    if (this.#target.interactive) this.#root.#draw();
    else this.#root.#lastDraw = this.#target.now();
  }

  /** Removes the bar from the terminal; the run is over. */
  finish(): void {
    this.#root.clear();
    if (shown === this.#root) shown = undefined;
  }

  /** Removes the bar from the terminal until the next update. */
  clear(): void {
    if (!this.#drawn) return;
    this.#target.draw("\r\x1b[K");
    this.#drawn = false;
  }

  /** Returns the milliseconds left at the rate so far; undefined before the first item is done. */
  timeLeft(): number | undefined {
    const counted = this.#done - (this.options.from ?? 0);
    if (counted <= 0) return undefined;
    const each = (this.#advanced - this.#started) / counted;
    const left = this.total - this.#done;
    return Math.max(each * left - (this.#target.now() - this.#advanced), each * (left - 1), 0);
  }

  /** Returns the line without the bar, e.g. for a log. */
  describe(): string {
    const { names, rate } = this.#words();
    return [names, `${Math.floor(100 * this.fraction())} %`, ...rate].join("  ");
  }

  /** Returns the share of the work done, 0 … 1, including the current part. */
  fraction(): number {
    const inside = this.#done < this.total ? this.#part?.fraction() ?? 0 : 0;
    return this.total > 0 ? Math.min(1, (this.#done + inside) / this.total) : 1;
  }

  get #root(): Progress {
    const { parent } = this.options;
    return parent ? parent.#root : this;
  }

  #words(): { names: string; rate: string[] } {
    const levels = this.#levels();
    const innermost = levels[levels.length - 1];
    const names = levels.map((level) => {
      // with a part in progress, the current item is the (done + 1)-th
      const count = Math.min(level.total, level.#done + (level.#part ? 1 : 0));
      return `${level.label} ${count}/${level.total}`;
    });
    if (innermost.#note) names.push(innermost.#note);
    const rate: string[] = [];
    const counted = innermost.#done - (innermost.options.from ?? 0);
    const elapsed = innermost.#advanced - innermost.#started;
    if (counted > 0 && elapsed > 0) rate.push(formatRate(1000 * counted / elapsed));
    const left = this.timeLeft();
    if (left !== undefined) rate.push(`${formatDuration(left)} left`);
    return { names: names.join(" · "), rate };
  }

  /** Returns this count and the parts in progress inside it, outermost first. */
  #levels(): Progress[] {
    return [this, ...(this.#part ? this.#part.#levels() : [])];
  }

  #draw(): void {
    const target = this.#target;
    const now = target.now();
    if (now - this.#lastDraw < (target.interactive ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#lastDraw = now;
    if (!target.interactive) return target.draw(this.describe() + "\n");
    const { names, rate } = this.#words();
    const full = Math.round(BAR_WIDTH * this.fraction());
    const percent = `${Math.floor(100 * this.fraction())} %`.padStart(5);
    const tail = [percent, ...rate].join("  ");
    const bar = "━".repeat(full);
    const rest = "─".repeat(BAR_WIDTH - full);
    const room = target.columns() - 1;
    const line = names.length + tail.length + BAR_WIDTH + 2 <= room
      ? `${names} ${styled(bar, "green", target.colors)}${
        styled(rest, "dim", target.colors)
      } ${tail}`
      : `${names} ${tail}`.slice(0, room);
    target.draw(`\r\x1b[K${line}`);
    this.#drawn = true;
    shown = this;
  }
}

/** Returns milliseconds as text: "0.4s", "12s", "2m 5s", "3h 10m". */
export function formatDuration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const step = ms < 3_600_000 ? 1000 : 60_000;
  return format(Math.round(ms / step) * step, { ignoreZero: true });
}

/** Returns items per second as text: "12/s", "3.1/s", and "2.5s each" below one a second. */
export function formatRate(perSecond: number): string {
  if (perSecond < 1) return `${formatDuration(1000 / perSecond)} each`;
  return `${perSecond >= 10 ? Math.round(perSecond).toLocaleString("en") : perSecond.toFixed(1)}/s`;
}

const STDERR: ProgressTarget = {
  draw: (text) => void (isQuiet() || Deno.stderr.writeSync(new TextEncoder().encode(text))),
  report: (line) => console.log(line),
  interactive: Deno.stderr.isTerminal(),
  colors: hasColors(Deno.stderr),
  columns: terminalColumns,
  now: () => performance.now(),
};
