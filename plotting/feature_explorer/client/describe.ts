/** Says what a node or an edge is, for tooltips and panels. */
import { fact, integer, number, percent, titled } from "../../page/client/mod.ts";
import { metricName } from "../../display_names.ts";
import type { Estimate, SlotInput } from "../page_data.ts";
import { partsOf, throughWords } from "./edge_parts.ts";
import { type RunIndex, type ShownEdge, slotName, slotOf } from "./run_index.ts";

/** Writes a mean with its interval. @param write writes each number */
export function withInterval(
  estimate: Estimate | null | undefined,
  write: (x: number) => string = number,
): string {
  if (!estimate) return "–";
  const [mean, low, high] = estimate;
  return `${write(mean)} [${write(low)}, ${write(high)}]`;
}

/** Returns the name of an end of an edge: `3.101 at END`, `token at S2`, `metric`. */
export function endName({ run }: RunIndex, end: string, t: number): string {
  if (end === "out") return "metric";
  const slot = slotOf(end);
  if (slot === undefined) return `token at ${run.roles[Number(end.slice(1))]}`;
  return `${slotName(run.slots[slot], t)} at ${run.roles[run.slots[slot].role]}`;
}

/** Says in a few words what becomes of a slot at a checkpoint. */
export function lifeWords(index: RunIndex, slot: number, t: number): string {
  const life = index.life(slot, t), { checkpoints } = index.run;
  if (life === "unborn") return "not there yet";
  if (life === "dead") return "there no more";
  const where = life === "in" ? "in the circuit" : "outside the circuit";
  if (index.run.slots[slot].numbers === null) return where;
  if (index.isBorn(slot, t)) return `${where}, born since step ${integer(checkpoints[t - 1].step)}`;
  return where;
}

/** Describes a node. */
export function describeEnd(index: RunIndex, end: string, t: number): HTMLElement {
  const slot = slotOf(end), { run } = index;
  if (slot === undefined) {
    return titled(
      end === "out" ? `The task’s metric (${metricName(run.metric)})` : endName(index, end, t),
      ...(end === "out" ? [fact("whole model", withInterval(run.checkpoints[t].metric))] : []),
    );
  }
  const found = index.nodes(t).get(slot),
    { numbers, presence, similarities, cosines } = run.slots[slot];
  const facts = [fact("state", lifeWords(index, slot, t))];
  if (found) facts.push(fact("effect on the metric", withInterval(found.effect)));
  if (presence) facts.push(fact("presence in its layer", withInterval(presence[t], percent)));
  if (numbers && t > 0 && numbers[t] !== null) {
    facts.push(
      fact("similarity with itself before", number(similarities[t])),
      fact("cosine of its decoder", number(cosines[t])),
    );
  }
  return titled(endName(index, end, t), ...facts);
}

/** Says since when an edge is listed. */
export function sinceWords({ run }: RunIndex, { since }: ShownEdge): string {
  const step = `step ${integer(run.checkpoints[since].step)}`;
  return since === 0 ? `${step}, the first checkpoint` : step;
}

/** Describes an edge. */
export function describeEdge(index: RunIndex, edge: ShownEdge, t: number): HTMLElement {
  return titled(
    `${endName(index, edge.source, t)} → ${endName(index, edge.target, t)}`,
    fact("share of the target’s input", withInterval(edge.share, percent)),
    fact("listed since", sinceWords(index, edge)),
    ...(edge.split ? [fact("passes", throughWords(partsOf(edge.share[0], edge.split)))] : []),
  );
}

/** Returns the name of an input's source. */
export function inputName(index: RunIndex, [source]: SlotInput, t: number): string {
  if (typeof source === "number") return endName(index, `s${source}`, t);
  const [layer, role, feature] = source;
  const at = `at ${index.run.roles[role]}`;
  if (layer < 0) return `token ${at}`;
  return feature === null ? `L${layer} error ${at}` : `${layer}.${feature} ${at}`;
}
