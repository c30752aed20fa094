/** Files, canonical JSON, errors, statistics, seeded random numbers: what every other folder may use. */
export {
  type Ability,
  type AbilityEvidence,
  abilityOf,
  type AbilityOptions,
  doesTask,
  LEAST_RISES,
} from "./ability.ts";
export { contentDigest } from "./digest.ts";
export {
  checkWritable,
  filesBelow,
  fileStamp,
  fileWritten,
  isFile,
  isFolder,
  isThere,
  onFileWritten,
  readJson,
  withFolderLocked,
  WriteError,
  writeFileAtomic,
  writeFileAtomicSync,
  writeJsonAtomic,
} from "./files.ts";
export { formatJson } from "./format_json.ts";
export {
  allowedValues,
  type JsonSchema,
  schemaAt,
  shortJson,
  toJsonSchema,
  typesOf,
  valueAt,
} from "./json_schema.ts";
export { isObject, oneLine, parseJson } from "./json_text.ts";
export { nearNames } from "./near_names.ts";
export { PythonRandom } from "./python_random.ts";
export {
  endRehearsal,
  isRehearsal,
  rehearsedFiles,
  rehearseFile,
  startRehearsal,
} from "./rehearsal.ts";
export { settingDifferences, settingText } from "./setting_differences.ts";
export {
  bootstrapMeanIntervals,
  type BootstrapOptions,
  type DrawIndex,
  ewma,
  ewmaFromZero,
  mean,
  median,
  pearson,
  percentileInterval,
  resampledIndices,
  seededIndices,
  standardError,
  type Values,
} from "./statistics.ts";
export { openTemporary, sweepAbandoned, temporaryName } from "./temporary_files.ts";
export { parseYaml } from "./yaml_text.ts";
export { UserError } from "./user_error.ts";
export { userCacheFolder } from "./user_cache.ts";
