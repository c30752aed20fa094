/**
 * Checkpoints on disk: finding their files, the names of their tensors, digests of their weights.
 * @module
 */
export {
  type CheckpointFiles,
  openCheckpoint,
  shardNames,
  WEIGHT_FILES,
} from "./checkpoint_files.ts";
export { checkCheckpoint, llamaNorms } from "./tensor_names.ts";
export { weightDigest } from "./weight_digest.ts";
