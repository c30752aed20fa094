/** Makes up the edges of a forming circuit: each role's heads, each edge's strength, and when it comes and goes. */
import { headName, mlpName } from "../../utils/names/mod.ts";
import type { CircuitEdge } from "../../utils/results/mod.ts";

export interface FormingOptions {
  model?: string;
  task?: string;
  nLayers?: number;
  nHeads?: number;
  parallel?: boolean;
  steps?: number[];
  mostEdges?: number;
}

export interface Wish {
  edge: Omit<CircuitEdge, "score">;
  strength: number;
  /** log10 of the step at which the edge appears, and at which it disappears (`end`; Infinity for never) */
  onset: number;
  end: number;
}

/** Returns mulberry32, a small seeded generator that gives the same numbers everywhere. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const rise = (x: number, width = 0.16) => 1 / (1 + Math.exp(-x / width));

type Cast = Record<string, { heads: string[]; onset: number }>;

export function castOf(nLayers: number, nHeads: number, random: () => number): Cast {
  const at = (share: number) => Math.min(nLayers - 1, Math.round(share * (nLayers - 1)));
  const pick = (share: number, count: number, spread = 1) =>
    Array.from({ length: count }, (_, i) => {
      const layer = Math.min(nLayers - 1, at(share) + Math.floor(i / 2) * spread);
      return headName([layer, Math.floor(random() * nHeads)]);
    });
  return {
    duplicate_token: { heads: pick(0, 2), onset: 2.9 },
    previous_token: { heads: pick(0.22, 2), onset: 2.75 },
    induction: { heads: pick(0.45, 3), onset: 3.05 },
    s2_inhibition: { heads: pick(0.66, 3), onset: 3.4 },
    name_mover: { heads: pick(0.86, 3), onset: 3.55 },
    copy_suppression: { heads: pick(0.96, 1), onset: 4.1 },
  };
}

export function wishes(
  options: Required<FormingOptions>,
  cast: Cast,
  random: () => number,
): Wish[] {
  const list: Wish[] = [];
  const layerOf = (node: string) => node === "input" ? -1 : Number(/\d+/.exec(node)![0]);
  const add = (
    source: string,
    target: string,
    letter: CircuitEdge["letter"],
    strength: number,
    onset: number,
  ) => {
    if (target !== "logits" && layerOf(source) >= layerOf(target)) return;
    const jitter = (random() - 0.5) * 0.35;
    const end = random() < 0.16 ? onset + 0.7 + random() : Infinity;
    list.push({
      edge: { source, target, letter },
      strength: strength * (0.5 + random()),
      onset: onset + jitter,
      end,
    });
  };
  const meet = (from: string, to: string, letter: "q" | "k" | "v", strength: number) => {
    for (const a of cast[from].heads) {
      for (const b of cast[to].heads) add(a, b, letter, strength, cast[to].onset + 0.1);
    }
  };
  meet("previous_token", "induction", "k", 0.3);
  meet("duplicate_token", "s2_inhibition", "v", 0.28);
  meet("induction", "s2_inhibition", "v", 0.34);
  meet("s2_inhibition", "name_mover", "q", 0.5);
  meet("s2_inhibition", "copy_suppression", "q", -0.16);
  for (const [role, { heads, onset }] of Object.entries(cast)) {
    for (const head of heads) {
      const early = layerOf(head) < options.nLayers * 0.5;
      add("input", head, "v", early ? 0.22 : 0.12, onset);
      if (early) {
        for (const letter of "qk") add("input", head, letter as "q" | "k", 0.18, onset);
      }
      add("m0", head, random() < 0.5 ? "q" : "k", 0.1, onset + 0.2);
      if (role === "name_mover") add(head, "logits", null, 0.9, onset);
      if (role === "copy_suppression") add(head, "logits", null, -0.5, onset);
    }
  }
  add("input", "m0", null, 0.6, 1.6);
  add("input", "logits", null, 0.12, 0.6);
  for (let layer = 0; layer < options.nLayers; layer++) {
    add(
      mlpName(layer),
      "logits",
      null,
      0.07 + 0.15 * random() * (layer / options.nLayers),
      1.8 + random(),
    );
    if (layer > 0) add(mlpName(0), mlpName(layer), null, 0.16 * random(), 2 + random());
  }
  const stars = Object.values(cast).flatMap(({ heads, onset }) =>
    heads.map((head) => ({ head, onset }))
  );
  for (let i = 0; i < options.mostEdges * 2; i++) {
    const star = stars[Math.floor(random() * stars.length)];
    const layer = Math.floor(random() * options.nLayers);
    const other = random() < 0.3
      ? mlpName(layer)
      : headName([layer, Math.floor(random() ** 2 * options.nHeads)]);
    const letter = "qkv"[Math.floor(random() * 3)] as "q" | "k" | "v";
    const strength = (random() < 0.25 ? -1 : 1) * 0.03 / (0.25 + random() * 2);
    const onset = star.onset + 0.2 + random() * 1.3;
    if (layer < layerOf(star.head)) add(other, star.head, letter, strength, onset);
    else if (random() < 0.4) add(other, "logits", null, strength, onset);
    else if (other[0] === "m") add(star.head, other, null, strength, onset);
    else add(star.head, other, letter, strength, onset);
  }
  const seen = new Set<string>();
  return list.filter(({ edge }) => {
    const name = `${edge.source}>${edge.target}${edge.letter}`;
    return !seen.has(name) && seen.add(name);
  });
}
