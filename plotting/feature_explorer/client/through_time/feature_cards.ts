/** Finds the dashboards of features in the page. Those of a checkpoint are parsed when the first one is wanted. */
import {
  type DashboardData,
  findFeature,
  type FoundFeature,
} from "../../../dashboards/client/mod.ts";
import { embedded } from "../../../page/client/mod.ts";
import type { CheckpointCards } from "../../page_data.ts";
import type { RunIndex } from "../run_index.ts";

/** Returns the id of the element with the dashboards of these coders. */
export const cardsId = (codersDigest: string): string => `cards-${codersDigest.slice(0, 16)}`;

/** A feature's dashboard at a checkpoint. */
export interface FeatureCard {
  data: DashboardData;
  found: FoundFeature;
}

const opened = new Map<string, DashboardData | null>();
const texts = new Map<string, readonly string[]>();

function wordsOf(id: string): readonly string[] {
  if (!texts.has(id)) texts.set(id, embedded<string[]>(id));
  return texts.get(id)!;
}

function dataOf(coders: string): DashboardData | null {
  const id = cardsId(coders);
  let data = opened.get(id);
  if (data === undefined) {
    // the browser may still be reading the page
    if (document.readyState === "loading") return null;
    data = null;
    if (document.getElementById(id)) {
      const { words, ...rest } = embedded<CheckpointCards>(id);
      data = { ...rest, vocabulary: wordsOf(words) };
    }
    opened.set(id, data);
  }
  return data;
}

/** Returns whether the page has dashboards of any checkpoint of a run. */
export function hasCards({ run }: RunIndex): boolean {
  return document.readyState !== "loading" &&
    run.checkpoints.some(({ coders }) => document.getElementById(cardsId(coders)) !== null);
}

/** Returns the dashboard of a slot's feature at a checkpoint; undefined where the feature or its dashboard is not there. */
export function cardOf({ run }: RunIndex, slot: number, t: number): FeatureCard | undefined {
  const { layer, numbers } = run.slots[slot], id = numbers?.[t];
  if (id === null || id === undefined) return undefined;
  const data = dataOf(run.checkpoints[t].coders);
  const found = data ? findFeature(data, { layer, id }) : undefined;
  return data && found ? { data, found } : undefined;
}
