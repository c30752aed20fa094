/**
 * Tensors in files: safetensors and PyTorch checkpoints. Nothing in a pickle is executed.
 * @module
 */
export {
  openSafetensors,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorToWrite,
  writeSafetensors,
} from "./safetensors.ts";
export { type StoredTensor } from "./stored_tensor.ts";
export { type CheckpointFiles, checkShape, type TensorInfo, TensorSet } from "./tensor_set.ts";
export { secondsPerNumber } from "./read_speed.ts";
export { readTorchObject, readTorchTensors, type TorchValue } from "./torch_checkpoint.ts";
export { type PickleValue, writeTorchObject } from "./torch_writer.ts";
export type { Dtype, DTYPE_BYTES } from "./float16.ts";
export { writePartsAtomic } from "./atomic_stream.ts";
