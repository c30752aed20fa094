/** The state of the dashboards' page, and how the address stores it (`#f=2.17&q=mary&layer=2&sort=context_free`). */
import {
  type AddressField,
  readAddress,
  type ThemeChoice,
  writeAddress,
} from "../../page/client/mod.ts";

/** What the page shows. */
export interface State {
  /** the search */
  query: string;
  /** layer shown; "all" for all */
  layer: string;
  /** what the list is sorted by: "name", a reading, or a count */
  sort: string;
  /** whether the smallest come first */
  order: "down" | "up";
  /** the open feature, `layer.number` */
  feature: string;
  theme: ThemeChoice;
}

/** Returns the state that a page opens with. */
export function initialState(firstFeature: string, sort: string): State {
  return { query: "", layer: "all", sort, order: "down", feature: firstFeature, theme: "auto" };
}

/** What each part of the address may be. */
export interface Allowed {
  layers: readonly string[];
  sorts: readonly string[];
  hasFeature(name: string): boolean;
}

function fields(initial: State, { layers, sorts, hasFeature }: Allowed): AddressField<State>[] {
  const field = <Key extends keyof State>(
    name: string,
    key: Key,
    allowed: (text: string) => boolean,
  ): AddressField<State> => ({
    name,
    write: (state) => state[key] === initial[key] ? null : state[key],
    read: (text) => allowed(text) ? { [key]: text } as Partial<State> : null,
  });
  return [
    field("f", "feature", hasFeature),
    field("q", "query", () => true),
    field("layer", "layer", (text) => layers.includes(text)),
    field("sort", "sort", (text) => sorts.includes(text)),
    field("order", "order", (text) => ["down", "up"].includes(text)),
    field("theme", "theme", (text) => ["auto", "light", "dark"].includes(text)),
  ];
}

/** Returns the address of a state. */
export const writeHash = (state: State, initial: State, allowed: Allowed): string =>
  writeAddress(fields(initial, allowed), state);

/** Returns the state of an address; what it does not say is as `initial`. */
export const readHash = (hash: string, initial: State, allowed: Allowed): State => ({
  ...initial,
  ...readAddress(fields(initial, allowed), hash),
});
