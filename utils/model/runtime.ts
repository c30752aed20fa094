/** The program cache of a script: what went wrong with the device is the user's to fix, and warnings come once. */
import { clearProgress } from "../cli/mod.ts";
import { UserError } from "../base/mod.ts";
import { type Device, ProgramCache } from "../onnx/mod.ts";

export interface RuntimeOptions {
  device?: Device;
  /** threads of ONNX Runtime; default: one per core */
  threads?: number;
}

/** Compiled programs, shared by all layers and all checkpoints of a script. */
export class Runtime extends ProgramCache {
  readonly #warned = new Set<string>();

  constructor(options: RuntimeOptions = {}) {
    super(options);
  }

  /** Returns a UserError with exit code 2: the configuration names a device that is not there. */
  protected override deviceError(reason: string, cause: Error): UserError {
    return new UserError(super.deviceError(reason, cause).message, 2, { cause });
  }

  /** Prints a warning on stderr, once for each `key`: what holds for one checkpoint holds for the others. */
  warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    clearProgress();
    console.warn(`warning: ${text}`);
  }
}
