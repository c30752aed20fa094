/** Keeps a script's compiled programs, reports a missing device as a user error and prints each warning once. */
import { clearProgress } from "../cli/mod.ts";
import { UserError } from "../base/mod.ts";
import { type Device, ProgramCache, type Rehearsal } from "../onnx/mod.ts";

/** Options of a runtime. */
export interface RuntimeOptions {
  /** execution provider of ONNX Runtime; default: the CPU */
  device?: Device;
  /** threads of ONNX Runtime; default: one per core */
  threads?: number;
  /** keeps freed memory for the next run: faster for passes of one shape, at the price of that memory */
  arena?: boolean;
  /** folder for profiles of what ran where; `readPlacements` reads it */
  profile?: string;
  /** compute nothing, and count here what would be computed */
  rehearsal?: Rehearsal;
}

/** Caches compiled programs for all layers and all checkpoints of a script. */
export class Runtime extends ProgramCache {
  readonly #warned = new Set<string>();

  /** Makes an empty cache. */
  constructor(options: RuntimeOptions = {}) {
    super(options);
  }

  /** Returns a UserError with exit code 2: the configuration names a device that this machine does not have. */
  protected override deviceError(reason: string, cause: Error): UserError {
    return new UserError(super.deviceError(reason, cause).message, 2, { cause });
  }

  /** Prints a warning on stderr, once per `key`, so that a run over many checkpoints does not repeat it. */
  warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    clearProgress();
    console.warn(`warning: ${text}`);
  }
}
