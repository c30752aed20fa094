/**
 * Activations that coders are trained on: one pass of a model per batch of tokens for all hook points at once, shuffled in
 * a buffer of known size.
 *
 *     const rows = new KeptRows(stream, { excluded: [tokenizer.eosId] });
 *     const batches = activationBatches({ source: captured(model, taps, rows), taps, rows: 4096, … });
 *     const { x, y } = (await batches.at(step))[tap];
 * @module
 */
export {
  type ActivationBatch,
  activationBatches,
  type BlockSource,
  type BufferSettings,
} from "./activation_batches.ts";
export { cached, type CacheSettings } from "./activation_cache.ts";
export { captured } from "./captured.ts";
export { type KeptOptions, KeptRows, type Segment } from "./kept_rows.ts";
export { blockRows, bytesPerRow, type Tap, type TapRows } from "./taps.ts";
