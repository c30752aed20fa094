/**
 * Arms of a sweep: the product of the lists in each entry of `arms`, in the order in which the user wrote them, and a name
 * for each, which is also its folder:
 *
 *     { "activation": "topk", "k": [8, 16], "features": 768 }   →   topk-k8-f768, topk-k16-f768
 */
import { transcoderSchema, type TranscoderSettings } from "../settings.ts";

/** An arm: one set of coders per checkpoint. */
export interface Arm {
  /** unique in the sweep */
  name: string;
  /** place of its entry in `arms` */
  index: number;
  /** the keys that the arm has of its own */
  own: Record<string, unknown>;
  /** settings of `train_transcoder.ts`; the schema of a sweep checks them */
  settings: TranscoderSettings;
}

/** What arms are made from. */
type Shared = TranscoderSettings & {
  /** entries, each a value or a list of values by key */
  arms: readonly Record<string, unknown>[];
};

/** Short names of keys in the names of arms, in the order of a name. */
const SHORT: Record<string, string> = {
  k: "k",
  l1_coefficient: "l1_",
  l0_coefficient: "l0_",
  expansion_factor: "x",
  features: "f",
};

/** Returns the arms of the settings. */
export function armsOf({ arms, ...shared }: Shared): Arm[] {
  return arms.flatMap((entry, index) =>
    product(entry).map((own): Arm => {
      const all = { ...shared, ...own };
      // An arm with a width of its own does not have the shared one.
      if ("expansion_factor" in own && !("features" in own)) delete all.features;
      const settings = Object.fromEntries(
        Object.entries(all).filter(([key]) => key in transcoderSchema.shape),
      ) as TranscoderSettings;
      return { name: nameOf(own, shared), index, own, settings };
    })
  );
}

/** Returns every choice of one value from each list; the last list runs fastest. */
function product(entry: Record<string, unknown>): Record<string, unknown>[] {
  return Object.entries(entry).filter(([, value]) => value !== undefined).reduce(
    (made, [key, value]) =>
      made.flatMap((own) => [value].flat().map((one) => ({ ...own, [key]: one }))),
    [{}] as Record<string, unknown>[],
  );
}

function nameOf(own: Record<string, unknown>, shared: TranscoderSettings): string {
  const { activation = shared.activation, kind, skip, ...others } = own;
  const order = Object.keys(SHORT);
  const rank = (key: string) => order.includes(key) ? order.indexOf(key) : order.length;
  const parts = Object.entries(others).sort(([a], [b]) => rank(a) - rank(b))
    .map(([key, value]) => key in SHORT ? `${SHORT[key]}${value}` : `${key}_${value}`);
  const words = [
    kind,
    activation,
    ...skip === undefined ? [] : [skip ? "skip" : "plain"],
    ...parts,
  ];
  return words.filter((word) => word !== undefined).join("-")
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, "_");
}
