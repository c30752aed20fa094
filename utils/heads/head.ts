/** Heads as senders of a patch: which ones, layer by layer, and where their results belong. */
import type { ModelConfig } from "../model/config.ts";
import { type Head, headName } from "../names/nodes.ts";

export { type Head, headName, parseHead } from "../names/nodes.ts";

/** Every head, layer by layer: its place in the list is its place in an `[L, H]` matrix. */
export function allHeads(
  { nLayers, nHeads }: Pick<ModelConfig, "nLayers" | "nHeads">,
): Head[] {
  return Array.from(
    { length: nLayers * nHeads },
    (_, i) => [Math.floor(i / nHeads), i % nHeads] as const,
  );
}

/** The senders of one layer; they are run as one batch. */
export interface SenderGroup {
  layer: number;
  /** head numbers */
  heads: number[];
  /** place of each in the caller's list */
  places: number[];
}

/**
 * Senders by layer, ascending.
 * @throws RangeError naming a head that the model does not have.
 */
export function senderGroups(senders: readonly Head[], config: ModelConfig): SenderGroup[] {
  const groups: SenderGroup[] = [];
  for (let layer = 0; layer < config.nLayers; layer++) {
    const places = senders.flatMap(([l], i) => l === layer ? [i] : []);
    if (places.length > 0) groups.push({ layer, heads: places.map((i) => senders[i][1]), places });
  }
  checkHeads(senders, config);
  return groups;
}

/** @throws RangeError naming a head that the model does not have. */
export function checkHeads(heads: readonly Head[], { nLayers, nHeads }: ModelConfig): void {
  const wrong = heads.find(([l, h]) => !(l >= 0 && l < nLayers && h >= 0 && h < nHeads));
  if (wrong) {
    throw new RangeError(
      `head ${headName(wrong)} does not exist: the model has ${nLayers} layers of ${nHeads} heads`,
    );
  }
}
