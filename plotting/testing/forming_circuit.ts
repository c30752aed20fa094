/**
 * Makes up a summary for tests of the figures: an indirect-object circuit that forms the way such circuits do. First
 * the embeddings and MLPs answer alone. Then previous-token and duplicate-token heads appear, then induction and
 * S-inhibition heads, then name movers and negative name movers. Later, heads hand their roles to others.
 * Deterministic.
 */
import type { CheckpointSummary, CircuitEdge, CircuitSummary } from "../../utils/results/mod.ts";
import {
  castOf,
  type FormingOptions,
  randomNumbers,
  rise,
  type Wish,
  wishes,
} from "./forming_edges.ts";

export const DEFAULT_STEPS = [
  0,
  1,
  2,
  4,
  8,
  16,
  32,
  64,
  128,
  256,
  512,
  1000,
  2000,
  3000,
  5000,
  8000,
  13000,
  20000,
  33000,
  50000,
  80000,
  110000,
  143000,
];

/** Returns the 154 steps of Pythia's published checkpoints. */
export function pythiaSteps(): number[] {
  const powers = Array.from({ length: 10 }, (_, i) => 2 ** i);
  return [0, ...powers, ...Array.from({ length: 143 }, (_, i) => 1000 * (i + 1))];
}

/** Returns the summary. `mostEdges` is the size of the last circuit; earlier ones are smaller. */
export function formingCircuit(given: FormingOptions = {}): CircuitSummary {
  const options: Required<FormingOptions> = {
    model: "pythia-160m",
    task: "ioi",
    nLayers: 12,
    nHeads: 12,
    parallel: true,
    steps: DEFAULT_STEPS,
    mostEdges: 90,
    ...given,
  };
  const random = randomNumbers(20);
  const cast = castOf(options.nLayers, options.nHeads, random);
  const list = wishes(options, cast, random);
  const checkpoints = options.steps.map((step) => checkpoint(step, options, list, random));
  const roles: CircuitSummary["roles"] = {};
  for (const step of options.steps) {
    const known = Object.entries(cast).filter(([, { onset }]) => Math.log10(step + 1) > onset);
    roles[step] = {};
    for (const [role, { heads }] of known) {
      for (const head of heads) (roles[step][head] ??= []).push(role);
    }
  }
  const changes = (pairs: [CheckpointSummary, CheckpointSummary][]) =>
    pairs.map(([a, b]) => change(a, b));
  const { nLayers: L, nHeads: H } = options;
  let nEdges = 1 + L * (H + 1);
  for (let l = 0; l < L; l++) {
    nEdges += (3 * H + 1) * (1 + l * (H + 1)) + (options.parallel ? 0 : H);
  }
  const some = checkpoints.filter((_, i) => i % Math.ceil(checkpoints.length / 10) === 0);
  return {
    format: "circuits-over-time/summary/1",
    model: options.model,
    task: options.task,
    metric: "logit_diff",
    example: {
      clean:
        "Then, Sarah and Michael were working at the station. Sarah decided to give a drink to",
      corrupted:
        "Then, Sarah and Michael were working at the station. Allison decided to give a drink to",
      correct: " Michael",
      wrong: " Sarah",
    },
    shape: { nLayers: L, nHeads: H, parallel: options.parallel },
    nEdges,
    threshold: 0.8,
    method: "EAP-IG-inputs",
    igSteps: 30,
    quadrature: "reference",
    nPrompts: 70,
    checkpoints,
    failed: [],
    toPrevious: changes(checkpoints.slice(1).map((c, i) => [checkpoints[i], c])),
    toFinal: changes(checkpoints.slice(0, -1).map((c) => [c, checkpoints.at(-1)!])),
    transfer: {
      steps: some.map((c) => c.step),
      faithfulness: some.map((a) =>
        some.map((b) => 0.82 * Math.sqrt(Math.min(1, 0.12 + change(a, b).edgeJaccard)))
      ),
    },
    roles,
  };
}

function checkpoint(
  step: number,
  options: Required<FormingOptions>,
  list: Wish[],
  random: () => number,
): CheckpointSummary {
  const time = Math.log10(step + 1);
  const skill = rise(time - 3.5, 0.22);
  const scored = list.map(({ edge, strength, onset, end }) => ({
    ...edge,
    score: strength * rise(time - onset) * (1 - 0.9 * rise(time - end)) *
      (0.85 + 0.3 * random()),
  })).sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
  const wanted = Math.round(
    3 + options.mostEdges * (0.2 * rise(time - 2.6, 0.3) + 0.8 * rise(time - 3.9, 0.45)),
  );
  const circuit = scored.slice(0, wanted).filter((e) => Math.abs(e.score) > 0.002);
  const nodes = new Set(circuit.length > 0 ? ["input", "logits"] : []);
  for (const edge of circuit) nodes.add(edge.source).add(edge.target);
  const sizes = Array.from(
    { length: 14 },
    (_, i) => Math.max(1, Math.round(wanted * 2 ** ((i - 9) / 1.6))),
  );
  const curve = sizes.map((size) => {
    const normalized = 1 - Math.exp(-1.65 * (size / wanted) ** 0.8) + (random() - 0.5) * 0.09;
    return {
      size,
      edges: Math.max(1, Math.round(size * 0.94)),
      faithfulness: normalized,
      normalized: normalized * 1.04,
    };
  });
  const noise = sizes.map((size) => {
    const value = 0.05 * random() + 0.02 * size / wanted;
    return {
      size,
      edges: Math.max(1, Math.round(size * 0.8)),
      faithfulness: value,
      normalized: value * 0.9,
    };
  });
  const baseline = 3.4 * skill + 0.12 * rise(time - 1.5) -
    0.35 * Math.exp(-(((time - 2.7) / 0.25) ** 2));
  const wild = skill < 0.02 ? (random() - 0.4) * 1.5 : (random() - 0.5) * 0.06;
  return {
    step,
    baseline,
    corrupted: -0.9 * skill * 0.8 + 0.02 * random(),
    // a drawing of every step is what most tests need
    ability: {
      able: true,
      interval: [baseline - 0.1, baseline + 0.1],
      accuracy: 0.5 + 0.5 * skill,
      rise: [baseline - 0.1, baseline + 0.1],
    },
    size: wanted,
    edges: circuit.length,
    nodes: [...nodes],
    circuit,
    faithfulness: 0.82 + wild,
    normalized: 0.85 + wild * 0.8,
    curve,
    random: noise,
    cpr: 0.9 + 0.6 * skill,
    cmd: 0.3 - 0.24 * skill,
    completeness: { sum: baseline * 0.99, change: baseline },
    stability: 0.35 + 0.45 * skill + 0.05 * random(),
  };
}

function change(from: CheckpointSummary, to: CheckpointSummary) {
  const key = (e: CircuitEdge) => `${e.source}>${e.target}${e.letter}`;
  const [a, b] = [from, to].map((c) => {
    const total = c.circuit.reduce((sum, e) => sum + Math.abs(e.score), 0) || 1;
    return new Map(c.circuit.map((e) => [key(e), Math.abs(e.score) / total]));
  });
  const union = new Set([...a.keys(), ...b.keys()]);
  const both = [...a.keys()].filter((k) => b.has(k)).length;
  let least = 0;
  let most = 0;
  for (const k of union) {
    least += Math.min(a.get(k) ?? 0, b.get(k) ?? 0);
    most += Math.max(a.get(k) ?? 0, b.get(k) ?? 0);
  }
  const nodes = from.nodes.filter((n) => to.nodes.includes(n)).length;
  return {
    from: from.step,
    to: to.step,
    additions: b.size - both,
    deletions: a.size - both,
    edgeJaccard: union.size ? both / union.size : 0,
    nodeJaccard: nodes / (from.nodes.length + to.nodes.length - nodes || 1),
    weightedJaccard: most > 0 ? least / most : 0,
  };
}
