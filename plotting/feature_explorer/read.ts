/** Reads the results of `get_feature_circuits_over_time.ts` and joins what belongs together. */
import {
  featureCircuits,
  featureFormations,
  featureIdentities,
  findResults,
  type StoredOf,
  transcoderEvaluations,
} from "../../utils/results/mod.ts";
import { UserError } from "../../utils/base/mod.ts";
import { compareTasks } from "../display_names.ts";
import type { FeatureRun } from "./page_data.ts";
import { buildRun } from "./build_run.ts";

const FEATURE_KINDS = [
  featureCircuits,
  featureFormations,
  featureIdentities,
  transcoderEvaluations,
] as const;

/**
 * Reads all runs below the paths: `circuits.json` with the `formation.json` and `identity/{set}.json` of the same model and
 * set, and evaluations of the same coders. Sorted by model, task and set, the set "main" first.
 * @throws UserError if there is no circuit, an identity is missing, or two files hold the same run
 */
export async function readFeatureRuns(paths: readonly string[]): Promise<FeatureRun[]> {
  const files = await findResults(paths, FEATURE_KINDS);
  const evaluations = filesOf(files, transcoderEvaluations);
  const identities = byName(
    filesOf(files, featureIdentities),
    ({ model, set }) => `${model}/${set}`,
  );
  const name = (header: { model: string; task: string; set: string }) =>
    `${header.model}/${header.task}/${header.set}`;
  const formations = byName(filesOf(files, featureFormations), name);
  const circuits = byName(filesOf(files, featureCircuits), name);
  if (circuits.size === 0) {
    throw new UserError(
      `no circuits.json below ${paths.join(", ")}; run ${featureCircuits.madeBy} first`,
    );
  }
  const runs = [...circuits].map(([key, file]) => {
    const { model, set } = file.header;
    const identity = identities.get(`${model}/${set}`);
    if (!identity) {
      throw new UserError(
        `${file.path}: expected identity/${set}.json of ${model} among the paths, found none; ` +
          "name the folder of the model",
      );
    }
    return buildRun({ circuits: file, identity, formation: formations.get(key), evaluations });
  });
  return runs.sort((a, b) =>
    a.model.localeCompare(b.model) || compareTasks(a.task, b.task) || compareSets(a.set, b.set)
  );
}

const compareSets = (a: string, b: string) =>
  Number(b === "main") - Number(a === "main") || a.localeCompare(b);

function filesOf<Kind extends (typeof FEATURE_KINDS)[number]>(
  files: readonly StoredOf<(typeof FEATURE_KINDS)[number]>[],
  { format }: Kind,
): StoredOf<Kind>[] {
  return files.filter((file) => file.format === format) as StoredOf<Kind>[];
}

function byName<File extends { path: string; header: unknown }>(
  files: readonly File[],
  name: (header: File["header"]) => string,
): Map<string, File> {
  const found = new Map<string, File>();
  for (const file of files) {
    const key = name(file.header), other = found.get(key);
    if (other) throw new UserError(`${other.path} and ${file.path} are both of ${key}; name one`);
    found.set(key, file);
  }
  return found;
}
