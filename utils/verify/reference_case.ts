/**
 * A reference case: a small checkpoint, prompts, and the values that the field's implementations compute on them.
 *
 *   DIR/model                      checkpoint in Hugging Face layout
 *   DIR/prompts.json               token prompts, read-out positions, answers, circuits
 *   DIR/expected.safetensors       reference values on those prompts
 *   DIR/heads.json, heads.safetensors   settings and reference values of single heads (optional)
 *
 * A {@link Quantity} says how we compute one of the reference values; `*_quantities.ts` list them. Every float or mask
 * tensor in the two files is a quantity; int64 tensors are inputs (token ids).
 */
import { join } from "@std/path";
import { readJson } from "../base/mod.ts";
import { FOLDED, HookedModel, type Readout, type Runtime } from "../model/mod.ts";
import { openSafetensors, type TensorSet } from "../tensor_files/mod.ts";

/** Largest accepted error, unless a quantity has a reason for another: float32 against float64. */
export const TOLERANCE = 2e-5;

/** A case as the comparison sees it: named reference values. */
export interface ReferenceValues {
  /** folder of the case */
  readonly dir: string;
  /** Returns the names of all reference values. */
  quantities(): string[];
  /** Reads a value, row-major. @throws Error naming file and tensor if there is none. */
  read(name: string): Promise<Float32Array>;
}

/** How we compute a value of the reference files of a kind of case. */
export interface Quantity<Case extends ReferenceValues = ReferenceCase> {
  /** key in the reference file; one `*` matches any text without a dot, e.g. `circuit.*.logit_diff` */
  name: string;
  /** largest accepted `max|ours − reference| / max|reference|` */
  tolerance: number;
  /**
   * Computes our values in the layout of the reference; undefined if the case lacks what they are computed from.
   * @param key name in the file, for names with `*`
   */
  compute(c: Case, key: string): Promise<Float32Array | undefined>;
  /** returns 1 for the elements to compare and 0 for padding; default: all are compared */
  compared?(c: Case, key: string): Uint8Array;
}

/** `prompts.json` of a case. */
export interface ReferencePrompts {
  /** token ids of the clean prompts */
  clean: number[][];
  /** token ids of the corrupted prompts */
  corrupted: number[][];
  /** read-out position per prompt */
  positions: number[];
  /** correct and wrong token id per prompt */
  answers: [number, number][];
  /** token ids per prompt for the probability difference */
  groups: number[][];
  /** +1 or −1 for each of those token ids */
  flags: number[][];
  /** names of the source nodes in row order */
  sources: string[];
  /** number of edges of the whole graph */
  edges: number;
  /** number of sources: rows of scores and masks */
  n_forward: number;
  /** number of destinations: columns of scores and masks */
  n_backward: number;
  /** size asked for, and edges and nodes left after pruning, by circuit */
  circuits: Record<string, { asked: number; edges: number; nodes: number }>;
}

/** `heads.json` of a case. */
export interface ReferenceHeads {
  /** heads with queries that receive patched paths: layer and number */
  receivers_q: [number, number][];
  /** heads with values that receive patched paths: layer and number */
  receivers_v: [number, number][];
  /** settings of CSPA */
  cspa: { eval_docs: number; k_unembeddings: number };
  /** positions of IO, S1, S2 and END */
  positions: Record<string, number>;
}

/** An open reference case; close it after use. */
export class ReferenceCase {
  #folded?: Promise<HookedModel>;

  private constructor(
    /** folder of the case */
    readonly dir: string,
    /** content of prompts.json */
    readonly prompts: ReferencePrompts,
    /** content of heads.json; undefined if the case has none */
    readonly heads: ReferenceHeads | undefined,
    /** the model with its weights as stored */
    readonly model: HookedModel,
    private readonly files: readonly TensorSet[],
  ) {}

  /**
   * Opens the case in a folder.
   * @throws Error naming a file that is missing or damaged.
   */
  static async open(dir: string, options: { runtime?: Runtime } = {}): Promise<ReferenceCase> {
    const prompts = await readJson(join(dir, "prompts.json")) as ReferencePrompts | undefined;
    if (!prompts) {
      throw new Error(`${dir}: expected the folder of a reference case, found no prompts.json`);
    }
    const files = [await openSafetensors(join(dir, "expected.safetensors"))];
    const heads = await readJson(join(dir, "heads.json")) as ReferenceHeads | undefined;
    if (heads) files.push(await openSafetensors(join(dir, "heads.safetensors")));
    const model = await HookedModel.load(join(dir, "model"), options);
    return new ReferenceCase(dir, prompts, heads, model, files);
  }

  /** Returns the model with folded weights ({@link FOLDED}), loaded once. */
  folded(): Promise<HookedModel> {
    this.#folded ??= HookedModel.load(join(this.dir, "model"), {
      runtime: this.model.runtime,
      processing: FOLDED,
    });
    return this.#folded;
  }

  /** Returns the names of all reference values, without inputs, in the order of their files. */
  quantities(): string[] {
    return this.files.flatMap((f) => f.names().filter((name) => f.info(name).dtype !== "I64"));
  }

  /** Returns whether the case has a value or an input of this name. */
  has(name: string): boolean {
    return this.files.some((f) => f.has(name));
  }

  /** Returns the shape of a value or an input. @throws Error naming file and tensor if there is none. */
  shape(name: string): number[] {
    return this.#file(name).info(name).shape;
  }

  /** Reads a value or an input as numbers, row-major. @throws Error naming file and tensor if there is none. */
  read(name: string): Promise<Float32Array> {
    return this.#file(name).read(name);
  }

  /** Reads a `[n, pos]` tensor of token ids as lists. */
  async tokens(name: string): Promise<number[][]> {
    const [n, pos] = this.shape(name);
    const ids = Array.from(await this.read(name));
    return Array.from({ length: n }, (_, i) => ids.slice(i * pos, (i + 1) * pos));
  }

  /** Returns the read-out of a metric: logit difference of the answers, or Σ flag · probability over the groups. */
  readout(metric: "logit_diff" | "prob_diff"): Readout {
    const { answers, groups, flags } = this.prompts;
    return metric === "logit_diff"
      ? readout("logits", answers, answers.map(() => [1, -1]))
      : readout("probabilities", groups, flags);
  }

  #file(name: string): TensorSet {
    return this.files.find((f) => f.has(name)) ?? this.files[0];
  }

  /** Closes files and models. */
  async close(): Promise<void> {
    this.files.forEach((f) => f.close());
    this.model.close();
    (await this.#folded?.catch(() => undefined))?.close();
  }
}

/** Returns a read-out from lists of ids and weights per prompt, padded to the longest list. */
export function readout(
  kind: Readout["kind"],
  ids: readonly (readonly number[])[],
  weights: readonly (readonly number[])[],
): Readout {
  const width = Math.max(...ids.map((list) => list.length));
  const result = {
    kind,
    ids: new Int32Array(ids.length * width),
    weights: new Float32Array(ids.length * width),
    width,
  };
  ids.forEach((list, n) => {
    result.ids.set(list, n * width);
    result.weights.set(weights[n], n * width);
  });
  return result;
}
