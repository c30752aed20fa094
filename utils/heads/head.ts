/** Lists heads and maps them to places in a flat matrix `[L, H]`. */
import type { ModelConfig } from "../model/mod.ts";
import { type Head, headName } from "../names/mod.ts";

export { type Head, headName, parseHead } from "../names/mod.ts";

/** Returns every head, layer by layer; its index is its place in an `[L, H]` matrix. */
export function allHeads(
  { nLayers, nHeads }: Pick<ModelConfig, "nLayers" | "nHeads">,
): Head[] {
  return Array.from(
    { length: nLayers * nHeads },
    (_, i) => [Math.floor(i / nHeads), i % nHeads] as const,
  );
}

/** Returns the heads whose place in a matrix `[L, H]` meets a condition. */
export function headsWhere(
  shape: { nLayers: number; nHeads: number },
  condition: (place: number) => boolean,
): Head[] {
  const heads: Head[] = [];
  for (let i = 0; i < shape.nLayers * shape.nHeads; i++) {
    if (condition(i)) heads.push([Math.floor(i / shape.nHeads), i % shape.nHeads]);
  }
  return heads;
}

/** Returns the place of a head in a flat matrix `[L, H]`. */
export const placeOf = ([layer, head]: Head, { nHeads }: { nHeads: number }): number =>
  layer * nHeads + head;

/**
 * Checks that the model has every head.
 * @throws RangeError naming a head that the model does not have.
 */
export function checkHeads(heads: readonly Head[], { nLayers, nHeads }: ModelConfig): void {
  const wrong = heads.find(([l, h]) => !(l >= 0 && l < nLayers && h >= 0 && h < nHeads));
  if (wrong) {
    throw new RangeError(
      `head ${headName(wrong)} does not exist: the model has ${nLayers} layers of ${nHeads} heads`,
    );
  }
}
