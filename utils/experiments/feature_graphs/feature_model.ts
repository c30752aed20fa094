/** Opens one checkpoint with its coders. */
import { isFolder, UserError } from "../../base/mod.ts";
import {
  FOLDED,
  type HookedModel,
  loadTokenizer,
  readModelConfig,
  type Tokenizer,
} from "../../model/mod.ts";
import { ResultPaths } from "../../results/mod.ts";
import { type Coder, codersDigest, openCoders } from "../../transcoders/mod.ts";
import { promptTokenizer } from "../bos.ts";
import { ModelRef, resultPaths } from "../model_ref.ts";
import { DEFAULT_CODERS, type FeatureModelSettings } from "./settings.ts";

/** One checkpoint with its coders. */
export interface FeatureModel {
  /** the model */
  model: HookedModel;
  /** its name, as the settings give it */
  name: string;
  /** training step; 0 for a model without steps */
  step: number;
  /** tokenizer; absent if the model's folder does not have one */
  tokenizer?: Tokenizer;
  /** one coder per layer */
  coders: Coder[];
  /** where the coders come from */
  source: string;
  /** digest of the coders */
  digest: string;
  /** where results of the model are */
  paths: ResultPaths;
}

/**
 * Opens the checkpoint and the coders of the settings.
 * @throws UserError naming a step that the model does not have, coders that are not there, or layers without a coder.
 */
export async function openFeatureModel(settings: FeatureModelSettings): Promise<FeatureModel> {
  const { step: given, format, cache_dir: cacheDir } = settings;
  const ref = new ModelRef({
    ...settings,
    ckpt_schedule: "main",
    custom_schedule: [],
    overwrite: false,
  });
  const last = ref.localSteps?.at(-1), step = given ?? last;
  const chosen = new ModelRef({
    ...settings,
    ckpt_schedule: "main",
    custom_schedule: step === undefined ? [] : [step],
    overwrite: false,
  });
  const [at] = chosen.steps("step");
  const folder = await chosen.folder(at);
  const config = await readModelConfig(folder);
  const found = await loadTokenizer(folder).catch(() => undefined);
  const tokenizer = found && promptTokenizer(found, config, settings);
  const source = settings.coders.replaceAll("{model}", new ResultPaths("", chosen.name).model)
    .replaceAll("{step}", String(at));
  if (settings.coders === DEFAULT_CODERS && !isFolder(source)) {
    throw new UserError(
      `coders: found no transcoders in ${source}; train them ` +
        `(deno run -A train_transcoder.ts --model ${chosen.name} --ckpt-schedule ${at}), ` +
        "or name yours with --coders",
      2,
    );
  }
  const { coders } = await openCoders(source, { cacheDir, format });
  const layers = coders.map((coder) => coder.config.layer);
  if (layers.join() !== Array.from({ length: config.nLayers }, (_, l) => l).join()) {
    throw new UserError(
      `coders: ${source} has coders of layers ${layers.join(", ")}; ` +
        `expected one per layer, 0 … ${config.nLayers - 1}`,
      2,
    );
  }
  return {
    model: await chosen.open(at, chosen.runtime(config), {
      processing: settings.folded ? FOLDED : undefined,
    }),
    name: chosen.name,
    step: at,
    tokenizer,
    coders,
    source,
    digest: await codersDigest(coders),
    paths: resultPaths(settings),
  };
}
