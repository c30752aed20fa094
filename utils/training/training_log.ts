/**
 * The log of a training run: one JSON object per line, a line for each step (loss and gradient norm before its update,
 * learning rate) and one for each checkpoint (validation loss). Written together with the state, so that a resumed run
 * writes the lines that an uninterrupted one would have written. Times stand nowhere in it.
 */
import { writeFileAtomic } from "../base/files.ts";

export interface LogLine {
  step: number;
  loss?: number;
  norm?: number;
  rate?: number;
  validation_loss?: number;
}

/** Steps whose mean stands for the training loss at a checkpoint. */
const AVERAGED_STEPS = 16;

export class TrainingLog {
  private constructor(readonly path: string, private readonly lines: LogLine[]) {}

  static empty(path: string): TrainingLog {
    return new TrainingLog(path, []);
  }

  /** The log of an earlier run up to a step; empty where there is none. */
  static async upTo(path: string, step: number): Promise<TrainingLog> {
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    const lines = text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as LogLine);
    return new TrainingLog(path, lines.filter((line) => line.step <= step));
  }

  add(line: LogLine): void {
    this.lines.push(line);
  }

  async write(): Promise<void> {
    await writeFileAtomic(
      this.path,
      this.lines.map((line) => JSON.stringify(line) + "\n").join(""),
    );
  }

  /** Training loss (mean over the last steps) and validation loss at each checkpoint. */
  losses(): Record<string, { training?: number; validation: number }> {
    return Object.fromEntries(
      this.lines.filter((line) => line.validation_loss !== undefined).map((line) => {
        const last = this.lines.filter(({ step, loss }) =>
          loss !== undefined && step > line.step - AVERAGED_STEPS && step <= line.step
        );
        const sum = last.reduce((total, { loss }) => total + loss!, 0);
        const training = last.length > 0 ? sum / last.length : undefined;
        return [line.step, { training, validation: line.validation_loss! }];
      }),
    );
  }
}
