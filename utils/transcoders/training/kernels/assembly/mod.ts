// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/**
 * The sparse part of a training step, on rows in a memory that threads share. Arguments named like arrays are addresses.
 * Every function takes its thread `t` of `T` first and does that thread's share. Rows, columns and features are independent
 * of each other, so results do not depend on the number of threads.
 *
 *   select     the k largest of each row of pre-activations           selectPositive   all positive ones
 *   scale      rows of a batch
 *   columns    means and variances of the targets' columns
 *   decode     ŷ[r] = b_dec + Σ a W_dec[f],  g = 2w(ŷ − y),  da = g·W_dec[f] + l1
 *   count, list   places by feature, in the order of rows
 *   encoderBias   db_enc[f] = Σ da
 *   rowSums       Σ_r s[r] m[r], the gradients of the other biases
 *   update        dW_dec[f] = Σ a g[r],  dW_enc[f] = Σ da x[r],  Adam, decoder rows kept at norm 1
 *   adamVector    Adam on the biases
 *   tile, updateTiles   `update` for features with many places
 *
 * Long sums are made in parts, which keeps float32 rounding near that of a blocked product.
 */
export { select, selectPositive } from "./choice.ts";
export { columns, scale } from "./targets.ts";
export { decode } from "./decode.ts";
export { count, encoderBias, list, rowSums } from "./places.ts";
export { adamVector, update } from "./update.ts";
export { tile, updateTiles } from "./tiles.ts";
