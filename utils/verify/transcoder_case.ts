/**
 * A reference case of transcoders: coders for the model of another reference case, and what the field's implementations
 * compute with them.
 *
 *   DIR/transcoders/{set}                    coders: relu, jumprelu, topk_skip, clt; other layouts of them, e.g. sparsify_relu
 *   DIR/forward.json, forward.safetensors    activations, reconstructions, losses
 *   DIR/model, or else DIR/../../NAME/model  the model, NAME the name of DIR; prompts.json is beside it
 *
 * Values have the name of their file as prefix: `forward.relu.activations`. Numbers of the JSON file that belong to the layers
 * are one value, in the order of the layers: `forward.relu.layers.fvu`.
 */
import { basename, dirname, join, resolve } from "@std/path";
import { isFile, isFolder, readJson } from "../base/mod.ts";
import { HookedModel, type Runtime } from "../model/mod.ts";
import { openSafetensors, type TensorSet } from "../tensor_files/mod.ts";
import { type Coder, openCoders } from "../transcoders/mod.ts";

type Numbers = Record<string, number>;

/** One entry of `forward.json`: numbers per layer, and with all layers replaced. */
interface ForwardEntry {
  layers: Numbers[];
  all: Numbers;
}

/** Tells whether a folder is a reference case of transcoders. */
export const isTranscoderCase = (dir: string): boolean => isFile(join(dir, "forward.json"));

/** An open case; close it after use. */
export class TranscoderCase {
  readonly #numbers = new Map<string, Float32Array>();
  readonly #coders = new Map<string, Promise<Coder[]>>();

  private constructor(
    /** folder of the case */
    readonly dir: string,
    /** token ids of the prompts; each is run alone */
    readonly prompts: number[][],
    /** the model with its weights as stored */
    readonly model: HookedModel,
    /** names of the sets in `forward.json` */
    readonly sets: string[],
    private readonly tensors: TensorSet,
  ) {}

  /**
   * Opens the case in a folder.
   * @throws Error naming a file or folder that is missing or damaged.
   */
  static async open(dir: string, options: { runtime?: Runtime } = {}): Promise<TranscoderCase> {
    const places = [join(dir, "model"), resolve(dir, "../..", basename(resolve(dir)), "model")];
    const place = places.find(isFolder);
    if (!place) throw new Error(`${dir}: expected its model in ${places.join(" or ")}`);
    const path = join(dirname(place), "prompts.json");
    const prompts = await readJson(path) as { clean: number[][] } | undefined;
    if (!prompts) throw new Error(`${path} is missing: expected the prompts of the case`);
    const forward = await readJson(join(dir, "forward.json")) as Record<string, unknown>;
    const tensors = await openSafetensors(join(dir, "forward.safetensors"));
    const entries = Object.entries(forward).filter((e): e is [string, ForwardEntry] =>
      typeof e[1] === "object" && e[1] !== null && "layers" in e[1]
    );
    const sets = entries.map(([name]) => name).filter((name) => name !== "zero_ablated");
    const model = await HookedModel.load(place, options);
    const made = new TranscoderCase(dir, prompts.clean, model, sets, tensors);
    made.#addNumbers(forward, entries);
    return made;
  }

  #addNumbers(forward: Record<string, unknown>, entries: [string, ForwardEntry][]): void {
    this.#numbers.set("forward.ce_clean", Float32Array.of(forward.ce_clean as number));
    for (const [name, { layers, all }] of entries) {
      for (const key of Object.keys(layers[0])) {
        this.#numbers.set(
          `forward.${name}.layers.${key}`,
          Float32Array.from(layers, (l) => l[key]),
        );
      }
      for (const [key, value] of Object.entries(all)) {
        this.#numbers.set(`forward.${name}.all.${key}`, Float32Array.of(value));
      }
    }
  }

  /** Returns the names of all reference values, and of the layouts of sets that have one. */
  quantities(): string[] {
    return [
      ...this.tensors.names().map((name) => `forward.${name}`),
      ...this.#numbers.keys(),
      ...this.layouts().map((folder) => `layouts.${folder}`),
    ];
  }

  /** Returns the folders with another layout of a set, such as `sparsify_relu`. */
  layouts(): string[] {
    const folders = [...Deno.readDirSync(join(this.dir, "transcoders"))];
    return folders.filter(({ name, isDirectory }) => isDirectory && !this.sets.includes(name))
      .map(({ name }) => name).sort();
  }

  /** Returns the set that a layout is of: `relu` for TCC, else the end of the folder's name. */
  setOf(layout: string): string {
    return this.sets.find((set) => layout.endsWith(`_${set}`)) ?? "relu";
  }

  /** Opens the coders in a folder, once. @throws Error naming the file that is damaged. */
  coders(folder: string): Promise<Coder[]> {
    const known = this.#coders.get(folder) ??
      openCoders(join(this.dir, "transcoders", folder)).then(({ coders }) => coders);
    this.#coders.set(folder, known);
    return known;
  }

  /**
   * Reads a reference value, row-major. That of a layout is the reconstruction of its set at the layers of the layout.
   * @throws Error naming file and tensor if there is none.
   */
  async read(key: string): Promise<Float32Array> {
    const numbers = this.#numbers.get(key);
    if (numbers) return numbers;
    const layout = /^layouts\.(.*)$/.exec(key)?.[1];
    if (layout === undefined) return await this.tensors.read(key.replace(/^forward\./, ""));
    const all = await this.tensors.read(`${this.setOf(layout)}.reconstruction`);
    const size = all.length / this.model.config.nLayers;
    const parts = (await this.coders(layout)).map(({ config: { layer } }) =>
      all.subarray(layer * size, (layer + 1) * size)
    );
    const out = new Float32Array(parts.length * size);
    parts.forEach((part, i) => out.set(part, i * size));
    return out;
  }

  /** Closes files and the model. */
  close(): void {
    this.tensors.close();
    this.model.close();
  }
}
