/** Groups senders, the heads that patches come from, by layer. */
import type { ModelConfig } from "../../model/mod.ts";
import { checkHeads, type Head } from "../head.ts";

/** Holds the senders of one layer. They run as one batch. */
export interface SenderGroup {
  /** layer of the senders */
  layer: number;
  /** head numbers within the layer */
  heads: number[];
  /** index of each sender in the caller's list */
  places: number[];
}

/**
 * Groups senders by layer, ascending.
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
