/**
 * A reference case: a small checkpoint, prompts, and what the field's implementations compute on them.
 *
 *   DIR/model                      checkpoint in Hugging Face layout
 *   DIR/prompts.json               token prompts, read-out positions, answers, circuits
 *   DIR/expected.safetensors       reference values on those prompts
 *   DIR/heads.json, heads.safetensors   settings and reference values of single heads (optional)
 *
 * A {@link Quantity} says how we compute one of the reference values; the registries of quantities lie beside this
 * file, each with the floor it tests. Every float or mask tensor in the two files is a quantity; int64 tensors are
 * inputs (token ids).
 */
import { join } from "@std/path";
import { readJson } from "../base/files.ts";
import { HookedModel } from "../model/hooked_model.ts";
import type { Runtime } from "../model/runtime.ts";
import { openSafetensors } from "../model/files/safetensors.ts";
import type { TensorSet } from "../model/files/tensor_set.ts";
import { FOLDED } from "../model/weights/weight_processing.ts";
import type { Readout } from "../model/blocks/embedding.ts";

/** Largest error accepted where a quantity has no reason for another: float32 against float64. */
export const TOLERANCE = 2e-5;

/** A value that the reference files hold, computed by us. */
export interface Quantity {
  /** key in the reference file; one `*` stands for any text without a dot, e.g. `circuit.*.logit_diff` */
  name: string;
  /** largest accepted `max|ours − reference| / max|reference|` */
  tolerance: number;
  /**
   * Our values in the layout of the reference; undefined if the case lacks what they are computed from.
   * @param key the name in the file, for names with `*`
   */
  compute(c: ReferenceCase, key: string): Promise<Float32Array | undefined>;
  /** which elements to compare (1) or not (0), where padding means nothing; default: all */
  compared?(c: ReferenceCase, key: string): Uint8Array;
}

/** `prompts.json` of a case. */
export interface ReferencePrompts {
  clean: number[][];
  corrupted: number[][];
  /** read-out position per prompt */
  positions: number[];
  /** right and wrong token id per prompt */
  answers: [number, number][];
  /** token ids per prompt for the probability difference, and +1 or −1 for each */
  groups: number[][];
  flags: number[][];
  /** names of the source nodes in forward-index order */
  sources: string[];
  edges: number;
  n_forward: number;
  n_backward: number;
  circuits: Record<string, { asked: number; edges: number; nodes: number }>;
}

/** `heads.json` of a case. */
export interface ReferenceHeads {
  receivers_q: [number, number][];
  receivers_v: [number, number][];
  cspa: { eval_docs: number; k_unembeddings: number };
  positions: Record<string, number>;
}

export class ReferenceCase {
  #folded?: Promise<HookedModel>;

  private constructor(
    readonly dir: string,
    readonly prompts: ReferencePrompts,
    /** undefined where the case has no heads.json */
    readonly heads: ReferenceHeads | undefined,
    /** the model with its weights as stored */
    readonly model: HookedModel,
    private readonly files: readonly TensorSet[],
  ) {}

  /**
   * Opens the case in a folder.
   * @throws Error naming the file that is missing or damaged.
   */
  static async open(dir: string, options: { runtime?: Runtime } = {}): Promise<ReferenceCase> {
    const prompts = await readJson(join(dir, "prompts.json")) as ReferencePrompts | undefined;
    if (!prompts) {
      throw new Error(`${dir}: no prompts.json; expected the folder of a reference case`);
    }
    const files = [await openSafetensors(join(dir, "expected.safetensors"))];
    const heads = await readJson(join(dir, "heads.json")) as ReferenceHeads | undefined;
    if (heads) files.push(await openSafetensors(join(dir, "heads.safetensors")));
    const model = await HookedModel.load(join(dir, "model"), options);
    return new ReferenceCase(dir, prompts, heads, model, files);
  }

  /** The model with folded weights ({@link FOLDED}), loaded once. */
  folded(): Promise<HookedModel> {
    this.#folded ??= HookedModel.load(join(this.dir, "model"), {
      runtime: this.model.runtime,
      processing: FOLDED,
    });
    return this.#folded;
  }

  /** Names of all reference values, in the order of their files; inputs are left out. */
  quantities(): string[] {
    return this.files.flatMap((f) => f.names().filter((name) => f.info(name).dtype !== "I64"));
  }

  has(name: string): boolean {
    return this.files.some((f) => f.has(name));
  }

  /** @throws Error naming file and tensor. */
  shape(name: string): number[] {
    return this.#file(name).info(name).shape;
  }

  /** A reference value or input as numbers, row-major. */
  read(name: string): Promise<Float32Array> {
    return this.#file(name).read(name);
  }

  /** A `[n, pos]` tensor of token ids as lists. */
  async tokens(name: string): Promise<number[][]> {
    const [n, pos] = this.shape(name);
    const ids = Array.from(await this.read(name));
    return Array.from({ length: n }, (_, i) => ids.slice(i * pos, (i + 1) * pos));
  }

  /** Logit difference of right and wrong answer, or probability difference Σ flag · p over the groups. */
  readout(metric: "logit_diff" | "prob_diff"): Readout {
    const { answers, groups, flags } = this.prompts;
    return metric === "logit_diff"
      ? readout("logits", answers, answers.map(() => [1, -1]))
      : readout("probabilities", groups, flags);
  }

  #file(name: string): TensorSet {
    return this.files.find((f) => f.has(name)) ?? this.files[0];
  }

  async close(): Promise<void> {
    this.files.forEach((f) => f.close());
    this.model.close();
    (await this.#folded?.catch(() => undefined))?.close();
  }
}

/** A read-out of lists of ids and weights per prompt, padded to the longest. */
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
