/**
 * Keeps the log of a run: one JSON object per line, one line per step, and the lines that hooks add. It contains no times
 * and is written together with the state, so a resumed run leaves the same bytes as an uninterrupted one.
 */
import { isObject, shortJson, writeFileAtomic } from "../base/mod.ts";

/** A line: the step it belongs to, and numbers by name. */
export interface LogLine {
  /** steps done */
  step: number;
  /** a number, such as `loss`; absent in lines of another kind */
  [name: string]: number | undefined;
}

/** The lines of a run, in memory until they are written. */
export class TrainingLog {
  private constructor(
    /** path of the file */
    readonly path: string,
    private readonly all: LogLine[],
  ) {}

  /** Returns a log without lines. Does not touch the file before `write`. */
  static empty(path: string): TrainingLog {
    return new TrainingLog(path, []);
  }

  /**
   * Reads the log of an earlier run up to a step; empty where there is none.
   * @throws Error naming the file and the line that is not JSON or not a step's.
   */
  static async upTo(path: string, step: number): Promise<TrainingLog> {
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    const lines = text.split("\n").flatMap((line, i) => {
      if (line === "") return [];
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch (cause) {
        throw new Error(`${path}: line ${i + 1} is not JSON: ${(cause as Error).message}`, {
          cause,
        });
      }
      if (isObject(value) && typeof value.step === "number") return [value as LogLine];
      throw new Error(
        `${path}: line ${i + 1}: expected an object with a step, found ${shortJson(value)}`,
      );
    });
    return new TrainingLog(path, lines.filter((line) => line.step <= step));
  }

  /** The lines so far. */
  get lines(): readonly LogLine[] {
    return this.all;
  }

  /** Adds a line. */
  add(line: LogLine): void {
    this.all.push(line);
  }

  /** Writes all lines atomically. */
  async write(): Promise<void> {
    await writeFileAtomic(this.path, this.all.map((line) => JSON.stringify(line) + "\n").join(""));
  }
}
