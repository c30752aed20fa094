/**
 * Models by name: embedded suites, folders, and the Hugging Face Hub with its cache.
 * @module
 */
export {
  cachedFolderWith,
  cachedRevision,
  type RevisionFiles,
  revisionFiles,
} from "./download_plan.ts";
export { type FolderOptions, type HubFolder, resolveFolder } from "./hub_folder.ts";
export { listLocalSteps, publishedSteps, resolveModel, type ResolveOptions } from "./hub.ts";
export { describeSteps, localCheckpoint } from "./local_steps.ts";
export { type ModelSource, modelSource } from "./model_names.ts";
export type { HubSettings } from "./hub_client.ts";
export type { OnProgress } from "./remote_repository.ts";
