/** Looks things up in a run: who is in a circuit, what becomes of a feature, and which edges a checkpoint has. */
import type { EdgeSplit, Estimate, FeatureRun, RunNode, Slot } from "../page_data.ts";

/**
 * What a slot is at a checkpoint: in the circuit; there, but outside the circuit; not there yet; there no more.
 */
export type Life = "in" | "out" | "unborn" | "dead";

/** An edge of the picture. Ends are `s{slot}`, `t{role}` for a token, and `out` for the metric. */
export interface ShownEdge {
  /** `{source}>{target}` */
  id: string;
  source: string;
  target: string;
  /** share of the target's input */
  share: Estimate;
  /** place of the first checkpoint of its unbroken listing */
  since: number;
  /** the share by heads; null where the results do not split it */
  split: EdgeSplit | null;
}

/** Looks things up in a run. */
export class RunIndex {
  readonly #nodes: Map<number, RunNode>[];
  readonly #edges: ShownEdge[][];
  readonly #tokens: ShownEdge[][];

  /** Takes the run. */
  constructor(readonly run: FeatureRun) {
    this.#nodes = run.checkpoints.map(({ circuit }) =>
      new Map(circuit?.nodes.map((node) => [node.slot, node]))
    );
    this.#edges = run.checkpoints.map(({ circuit }) =>
      (circuit?.edges ?? []).map(({ source, target, share, since, split }) =>
        edge(`s${source}`, target < 0 ? "out" : `s${target}`, share, since, split)
      )
    );
    this.#tokens = tokenEdges(run, this.#nodes);
  }

  /** Returns the nodes of a circuit by slot. */
  nodes(t: number): ReadonlyMap<number, RunNode> {
    return this.#nodes[t];
  }

  /** Returns the edges of a circuit, strongest first; with `tokens`, those from tokens too. */
  edges(t: number, tokens: boolean): ShownEdge[] {
    if (!tokens) return this.#edges[t];
    return [...this.#edges[t], ...this.#tokens[t]]
      .sort((a, b) => Math.abs(b.share[0]) - Math.abs(a.share[0]));
  }

  /** Returns the number of edges from tokens. */
  tokenCount(t: number): number {
    return this.#tokens[t].length;
  }

  /** Returns what a slot is at a checkpoint. */
  life(slot: number, t: number): Life {
    if (this.#nodes[t].has(slot)) return "in";
    const { numbers } = this.run.slots[slot];
    if (numbers === null || numbers[t] !== null) return "out";
    return numbers.findIndex((n) => n !== null) > t ? "unborn" : "dead";
  }

  /** Returns whether a feature's chain begins here; the first checkpoint has no births. */
  isBorn(slot: number, t: number): boolean {
    const { numbers } = this.run.slots[slot];
    return numbers !== null && t > 0 && numbers[t] !== null && numbers[t - 1] === null;
  }

  /** Returns whether a feature of the circuit of the checkpoint before is there no more. */
  hasDied(slot: number, t: number): boolean {
    return t > 0 && this.life(slot, t) === "dead" && this.#nodes[t - 1].has(slot);
  }

  /** Returns the angle in degrees between a feature's decoder row and its earlier one; null where unknown. */
  turn(slot: number, t: number): number | null {
    const cosine = this.run.slots[slot].cosines[t];
    return cosine === null ? null : Math.acos(Math.max(-1, Math.min(1, cosine))) * 180 / Math.PI;
  }

  /** Returns the largest |effect| in the run. */
  get largestEffect(): number {
    return Math.max(
      1e-12,
      ...this.#nodes.flatMap((nodes) => [...nodes.values()].map((n) => Math.abs(n.effect[0]))),
    );
  }
}

function edge(
  source: string,
  target: string,
  share: Estimate,
  since: number,
  split: EdgeSplit | null = null,
): ShownEdge {
  return { id: `${source}>${target}`, source, target, share, since, split };
}

/** Returns the edges from tokens into features that are in the circuit and whose inputs are known. */
function tokenEdges(run: FeatureRun, nodes: readonly ReadonlyMap<number, RunNode>[]) {
  let before = new Map<string, number>();
  return run.checkpoints.map((_, t) => {
    const found = run.slots.flatMap(({ inputs }, slot) =>
      inputs && nodes[t].has(slot)
        ? inputs[t].flatMap(([source, ...share]) => {
          if (typeof source === "number" || source[0] >= 0) return [];
          if (Math.abs(share[0]) < (run.smallestShare ?? 0)) return [];
          const name = `t${source[1]}>s${slot}`;
          return [edge(`t${source[1]}`, `s${slot}`, share, before.get(name) ?? t)];
        })
        : []
    );
    before = new Map(found.map(({ id, since }) => [id, since]));
    return found;
  });
}

/** Returns a feature's name: `3.101`, or `error` for the coders' error. @param t checkpoint; its number there, or the nearest known */
export function slotName({ layer, numbers }: Slot, t: number): string {
  if (numbers === null) return `L${layer} error`;
  const number = numbers[t] ?? numbers.slice(0, t).findLast((n) => n !== null) ??
    numbers.find((n) => n !== null);
  return `${layer}.${number}`;
}

/** Returns what names a slot in an address: layer, role, number and step of the last checkpoint at which it is there. */
export function slotKey(run: FeatureRun, slot: number): string {
  const { layer, role, numbers } = run.slots[slot];
  if (numbers === null) return `${layer}.${role}.error`;
  const last = numbers.findLastIndex((n) => n !== null);
  return `${layer}.${role}.${numbers[last]}@${run.checkpoints[last].step}`;
}

/** Returns the slot of an end `s{slot}`; undefined for other ends. */
export function slotOf(end: string): number | undefined {
  return end.startsWith("s") ? Number(end.slice(1)) : undefined;
}
