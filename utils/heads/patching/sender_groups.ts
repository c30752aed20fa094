/** Groups the heads that patches come from by layer. */
import type { ModelConfig } from "../../model/mod.ts";
import { checkHeads, type Head } from "../head.ts";

/** The senders of one layer, which run as one batch. */
export interface SenderGroup {
  layer: number;
  /** head numbers */
  heads: number[];
  /** place of each in the caller's list */
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
