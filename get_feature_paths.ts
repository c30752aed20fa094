/**
 * How features of a model's transcoders are connected: the analyses of transcoder_circuits.
 *
 *   deno run -A get_feature_paths.ts paths --task ioi --n-prompts 1
 *   deno run -A get_feature_paths.ts paths --layer 3 --feature 101 --prompt "The minister knew the doctors"
 *   deno run -A get_feature_paths.ts pullback --layer 3 --feature 101
 *   deno run -A get_feature_paths.ts deembedding --layer 3 --feature 101 --heads 1.4
 *   deno run -A get_feature_paths.ts ov --layer 3 --feature 101
 *   deno run -A get_feature_paths.ts ixg --layer 3 --feature 101
 *
 * Prints tables, and writes everything to `{results_dir}/feature_paths/{model}/step{step}/{analysis}_{name}.json`.
 */
import { writeJsonAtomic } from "./utils/base/mod.ts";
import { runScript } from "./utils/cli/mod.ts";
import {
  type Connection,
  deEmbeddings,
  extremes,
  featurePathSchema,
  type FeaturePathSettings,
  featurePrompts,
  headNorms,
  meanConnections,
  namedPrompts,
  openFeatureModel,
  PATH_ANALYSES,
  pathsJson,
  printConnection,
  printNorms,
  printPaths,
  promptPaths,
  pullbacks,
  recordedBos,
} from "./utils/experiments/mod.ts";
import type { Tokenizer } from "./utils/model/mod.ts";

const FORMAT = "circuits-over-time/feature_paths/1";

export const script = {
  name: "get_feature_paths",
  description:
    "Finds what makes a feature of a model's transcoders, or an answer: greedy paths on prompts (paths), connections with " +
    "earlier features (pullback), with tokens (deembedding), through heads (ov), and their mean effect over text (ixg).",
  examples: [
    "paths --model pythia-nano --task ioi --n-prompts 1 --branches 8",
    'paths --layer 3 --feature 101 --prompt "The minister knew the doctors" --filter "type!=embed"',
    "pullback --layer 3 --feature 101 --from-layers 0,1",
    "deembedding --layer 3 --feature 101 --heads 1.4,2.0",
    "ov --layer 3 --feature 101",
    "ixg --layer 3 --feature 101 --text-tokens 65536",
    "configs/feature_paths/pythia-nano_ioi.json",
  ],
  schema: featurePathSchema,
};

/** Returns the arguments with a first one that names an analysis as the key `analysis`. */
function withAnalysis(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  const known = PATH_ANALYSES.some((name) => name === first);
  return known ? ["--analysis", first, ...rest] : [...args];
}

/** What a file says about connections: their ends, and all values. */
const connectionsJson = (connections: readonly Connection[], k: number) =>
  connections.map((connection) => ({
    name: connection.name,
    layer: connection.layer,
    ...extremes(connection, k),
    values: Float32Array.from(connection.values),
  }));

/** Returns the settings that a file records. */
function recorded(config: FeaturePathSettings, tokenizer: Tokenizer | undefined) {
  const {
    cache_dir: _,
    results_dir: __,
    device: ___,
    threads: ____,
    memory_budget: _____,
    ...rest
  } = recordedBos(config, tokenizer);
  const name = (key: string) => key === "n_prompts" ? "n" : key; // as files have always called it
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [name(key), value]));
}

if (import.meta.main) {
  await runScript({ ...script, args: withAnalysis(Deno.args) }, async (config) => {
    const { analysis, layer, feature, k } = config;
    const features = await openFeatureModel(config);
    const { name, step, source, digest, paths, model } = features;
    const about = feature === undefined ? "answers" : `feature ${layer}.${feature}`;
    console.log(`${analysis} of ${about}: ${name}, step ${step}, coders ${source}`);
    const write = async (slug: string, content: Record<string, unknown>) => {
      const path = paths.featurePaths(step, slug);
      const settings = recorded(config, features.tokenizer);
      await writeJsonAtomic(path, {
        format: FORMAT,
        analysis,
        model: name,
        step,
        coders: source,
        coders_digest: digest,
        settings,
        ...content,
      });
      console.log(`\nwritten to ${path}`);
    };
    const file = config.slug ?? `${analysis}_${layer}.${feature}`;
    switch (analysis) {
      case "paths": {
        const prompts = namedPrompts(await featurePrompts(features, config), config.slug);
        for (const prompt of prompts) {
          console.log(`\n${prompt.slug}: ${JSON.stringify(prompt.text)}`);
          const found = await promptPaths(features, prompt, config);
          printPaths(found);
          const of = feature === undefined ? "" : `${layer}.${feature}_`;
          const slug = config.slug === undefined ? `paths_${of}${prompt.slug}` : prompt.slug;
          await write(slug, {
            prompt: prompt.text,
            tokens: prompt.tokens,
            ...pathsJson(found),
          });
        }
        break;
      }
      case "ov": {
        const norms = await headNorms(features, config);
        if (norms.length === 0) console.log("\nno attention before this feature");
        else printNorms(norms);
        await write(file, { norms });
        break;
      }
      case "ixg": {
        const { connections, tokens } = await meanConnections(features, config);
        console.log(`mean over ${tokens} tokens`);
        for (const connection of connections) printConnection(connection, k, features);
        await write(file, { tokens, connections: connectionsJson(connections, k) });
        break;
      }
      default: {
        const given = config.prompt !== undefined || config.tokens.length > 0 || config.task;
        const prompt = given ? (await featurePrompts(features, config))[0] : undefined;
        const connections = analysis === "pullback"
          ? await pullbacks(features, config, prompt)
          : await deEmbeddings(features, config);
        for (const connection of connections) printConnection(connection, k, features);
        await write(file, { prompt: prompt?.text, connections: connectionsJson(connections, k) });
      }
    }
    model.close();
  });
}
