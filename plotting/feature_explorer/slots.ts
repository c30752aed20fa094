/** Gives every (layer, role, chain of matches) a slot, and every (layer, role) of an error. */
import type { FeatureIdentityEntry } from "../../utils/results/mod.ts";
import { Chains } from "./chains.ts";
import type { Slot } from "./page_data.ts";

/** Slots of a run, by layer, role and chain. */
export class Slots {
  /** all slots */
  readonly list: Slot[] = [];
  readonly #places = new Map<string | object, Map<string, number>>();
  readonly #chains: Chains;

  /** @param identity at each checkpoint */
  constructor(
    identity: readonly (FeatureIdentityEntry | undefined)[],
    private readonly roles: readonly string[],
  ) {
    this.#chains = new Chains(identity);
    this.count = identity.length;
  }

  /** number of checkpoints */
  readonly count: number;

  /** Returns the place of a slot, −1 if there is none. */
  find(t: number, layer: number, role: string, feature: number | null): number {
    const key = feature === null ? "error" : this.#chains.of(t, layer, feature);
    return this.#places.get(key)?.get(`${layer}/${role}`) ?? -1;
  }

  /** Returns the place of a slot, which it makes if there is none. */
  take(t: number, layer: number, role: string, feature: number | null): number {
    const found = this.find(t, layer, role, feature);
    if (found >= 0) return found;
    const chain = feature === null ? undefined : this.#chains.of(t, layer, feature);
    const key = chain ?? "error";
    if (!this.#places.has(key)) this.#places.set(key, new Map());
    this.#places.get(key)!.set(`${layer}/${role}`, this.list.length);
    const nothing = new Array<null>(this.count).fill(null);
    this.list.push({
      layer,
      role: this.roles.indexOf(role),
      numbers: chain?.numbers ?? null,
      similarities: chain?.similarities ?? nothing,
      cosines: chain?.cosines ?? nothing,
      lastCosines: null,
      presence: null,
      inputs: null,
    });
    return this.list.length - 1;
  }
}
