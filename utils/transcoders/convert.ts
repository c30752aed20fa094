/**
 * Converts coders from one file format to another.
 *
 * 1. Open them by folder, file or Hub repository.
 * 2. Where the target format reads another side of the MLP's LayerNorm than the coders do, move its gain and bias in or out.
 *    That takes the model.
 * 3. Write them; report how the files differ from the coders, if they do.
 */
import { HookedModel } from "../model/mod.ts";
import { UserError } from "../base/mod.ts";
import type { Coder } from "./coder.ts";
import { readingBare, readingMlpInput, readsBare, readsMlpInput } from "./conventions.ts";
import {
  type CoderDtype,
  type FormatName,
  FORMATS,
  openCoders,
  type OpenOptions,
} from "./formats/mod.ts";

/** Settings of a conversion. */
export interface ConvertOptions extends OpenOptions {
  /** format to write; default: our own */
  to?: FormatName;
  /** number format of the matrices; default float32 */
  dtype?: CoderDtype;
  /** the model that the coders are for, where its LayerNorms are needed */
  model?: string;
  /** training checkpoint of the model */
  modelRevision?: string;
}

/** What was converted. */
export interface Converted {
  /** the coders, as written */
  coders: Coder[];
  /** format that was read */
  from: FormatName;
  /** sentences on how the files differ from the coders */
  notes: string[];
}

/**
 * Converts coders; see the header.
 * @param source a folder, a `.pt` file, or `organisation/name[/folder][@revision]`
 * @param target folder to write
 * @throws UserError if source and target are the same; Error of {@link openCoders}, or naming what the format cannot express
 */
export async function convertCoders(
  source: string,
  target: string,
  options: ConvertOptions = {},
): Promise<Converted> {
  if (await samePlace(source, target)) {
    throw new UserError(`${target}: source and target are the same`, 2);
  }
  const { to = "native" } = options;
  const opened = await openCoders(source, options);
  const coders = options.model === undefined
    ? opened.coders
    : await withNorms(opened.coders, to, options.model, options);
  const notes = await FORMATS[to].write(target, coders, { dtype: options.dtype });
  const uncentred = coders.some(({ config }, i) =>
    config.inputConvention === "raw" && opened.coders[i].config.inputConvention === "folded"
  );
  if (uncentred) {
    notes.push(
      "the coders were trained on a model with centred outputs: in an unprocessed model their outputs lack a multiple of " +
        "the all-ones vector, which every LayerNorm removes",
    );
  }
  return { coders, from: opened.format, notes };
}

async function samePlace(a: string, b: string): Promise<boolean> {
  const real = (path: string) => Deno.realPath(path).catch(() => undefined);
  const place = await real(a);
  return place !== undefined && place === await real(b);
}

async function withNorms(
  coders: readonly Coder[],
  to: FormatName,
  name: string,
  { modelRevision: revision }: ConvertOptions,
): Promise<Coder[]> {
  const wanted = (coder: Coder) =>
    coder.config.kind === "transcoder" &&
    (to === "sparsify" && readsBare(coder) || to === "tcc" && readsMlpInput(coder));
  if (!coders.some(wanted)) return [...coders];
  const model = await HookedModel.load(name, revision === undefined ? {} : { revision });
  try {
    const convert = async (coder: Coder) => {
      if (!wanted(coder)) return coder;
      const { ln2_w, ln2_b } = await model.weights.layer(coder.config.layer);
      const norm = {
        gain: ln2_w.data as ArrayLike<number>,
        bias: ln2_b.data as ArrayLike<number>,
      };
      const moved = to === "sparsify" ? readingMlpInput(coder, norm) : readingBare(coder, norm);
      moved.config.metadata = { ...moved.config.metadata, architecture: model.config.architecture };
      return moved;
    };
    return await Promise.all(coders.map(convert));
  } finally {
    model.close();
  }
}
