/**
 * Which head plays which part in the circuit found, with the evidence, and in what the algorithm differs from the one
 * that Wang et al. (2022) found in GPT-2 small. All statements are made of measured numbers.
 */
import { mean } from "../utils/experiment/statistics.ts";
import { placeOf } from "../utils/heads/ioi_roles.ts";
import { type Head, headName } from "../utils/heads/senders.ts";
import { withMinus } from "./display.ts";
import { doesTask, type IoiCircuit, THRESHOLDS, valuesOf } from "./ioi_circuit.ts";

export const ROLES = [
  "name mover",
  "S suppression",
  "other direct effect",
  "negative head",
  "S-inhibition",
  "duplicate token",
  "induction",
  "other input of S-inhibition",
] as const;
export type Role = typeof ROLES[number];

export interface FoundRole {
  head: Head;
  role: Role;
  evidence: string;
}

interface Shape {
  nLayers: number;
  nHeads: number;
}

const two = (value: number) => withMinus(value.toFixed(2));
const percent = (value: number) => `${Math.round(value)} %`;

/** Every part played, level by level, the strongest head of a level first; none where the model does not do the task. */
export function rolesFound(circuit: IoiCircuit, shape: Shape): FoundRole[] {
  const level = (effects: Float32Array, found: FoundRole[]) =>
    found.sort((a, b) => effects[placeOf(a.head, shape)] - effects[placeOf(b.head, shape)]);
  const { direct, inhibition, inputs } = circuit;
  if (!doesTask(circuit.behaviour)) return [];
  return [
    ...level(direct.effects, directRoles(circuit, shape)),
    ...level(inhibition.effects, inhibitionRoles(circuit, shape)),
    ...level(inputs.effects, inputRoles(circuit, shape)),
  ];
}

const headsOf = (shape: Shape): Head[] =>
  Array.from({ length: shape.nLayers * shape.nHeads }, (_, i) => [
    Math.floor(i / shape.nHeads),
    i % shape.nHeads,
  ]);

function directRoles({ direct, movers }: IoiCircuit, shape: Shape): FoundRole[] {
  const { io, s1, s2 } = movers.attention;
  const N = direct.s.length / direct.effects.length;
  const isMover = new Set(movers.heads.map(headName));
  return headsOf(shape).flatMap((head): FoundRole[] => {
    const i = placeOf(head, shape), effect = direct.effects[i];
    if (Math.abs(effect) <= THRESHOLDS.effect) return [];
    const looks = `END→IO ${two(io[i])}, S1 ${two(s1[i])}, S2 ${two(s2[i])}`;
    const writes = mean(direct.s.subarray(i * N, (i + 1) * N));
    const evidence = `direct effect ${two(effect)}; ${looks}`;
    if (effect > 0) return [{ head, role: "negative head", evidence }];
    if (isMover.has(headName(head))) {
      const copies = `copies ${percent(movers.copy.positive[i])}`;
      return [{ head, role: "name mover", evidence: `${evidence}; ${copies}` }];
    }
    const looksAtS = s1[i] + s2[i] > io[i];
    if (looksAtS && writes < 0) {
      const lowers = `adds ${two(writes)} to the logit of S`;
      return [{ head, role: "S suppression", evidence: `${evidence}; ${lowers}` }];
    }
    return [{ head, role: "other direct effect", evidence }];
  });
}

function inhibitionRoles({ inhibition, movers }: IoiCircuit, shape: Shape): FoundRole[] {
  return inhibition.heads.map((head, i) => {
    const effect = inhibition.effects[placeOf(head, shape)];
    const carries = inhibition.signals[i].join(" and ") || "neither signal alone";
    const looks = two(movers.attention.s2[placeOf(head, shape)]);
    const evidence = `effect on name movers' queries ${
      two(effect)
    }; END→S2 ${looks}; carries: ${carries}`;
    return { head, role: "S-inhibition", evidence };
  });
}

function inputRoles({ inputs }: IoiCircuit, shape: Shape): FoundRole[] {
  const { scores, toS1, toAfterS1 } = inputs;
  return headsOf(shape).flatMap((head): FoundRole[] => {
    const i = placeOf(head, shape);
    if (inputs.effects[i] >= -THRESHOLDS.effect) return [];
    const duplicate = Math.max(scores.duplicateToken[i], toS1[i]);
    const induction = Math.max(scores.induction[i], toAfterS1[i]);
    const evidence = `effect on S-inhibition heads' values ${two(inputs.effects[i])}; ` +
      `duplicate-token score ${two(scores.duplicateToken[i])}, S2→S1 ${two(toS1[i])}; ` +
      `induction score ${two(scores.induction[i])}, S2→S1+1 ${two(toAfterS1[i])}`;
    const role = Math.max(duplicate, induction) <= THRESHOLDS.score
      ? "other input of S-inhibition"
      : duplicate > induction
      ? "duplicate token"
      : "induction";
    return [{ head, role, evidence }];
  });
}

/** In sentences: what each level of the algorithm is, and where it is another than in GPT-2 small. */
export function comparison(circuit: IoiCircuit, shape: Shape): string[] {
  const { behaviour } = circuit;
  if (!doesTask(behaviour)) {
    return [
      `**No circuit.** The logit difference is ${two(mean(behaviour.clean))} on clean and ${
        two(mean(behaviour.corrupted))
      } on corrupted prompts: the model does not tell IO from S.`,
    ];
  }
  return [
    moverSentence(circuit, shape),
    ...suppressionSentence(circuit, shape),
    ...inhibitionSentences(circuit, shape),
    ...inputSentences(circuit, shape),
  ];
}

const named = (heads: readonly Head[]) => heads.map(headName).join(", ");

function moverSentence({ movers, direct }: IoiCircuit, shape: Shape): string {
  if (movers.heads.length === 0) {
    const strongest = headsOf(shape)
      .reduce((a, b) =>
        direct.effects[placeOf(b, shape)] < direct.effects[placeOf(a, shape)] ? b : a
      );
    const i = placeOf(strongest, shape);
    return `**No name mover** in the strict sense. The largest direct effect is that of ${
      headName(strongest)
    } (${two(direct.effects[i])}), which copies ${
      percent(movers.copy.positive[i])
    } of the names and attends ${two(movers.attention.io[i])} to IO, ${
      two(movers.attention.s1[i])
    } to S1.`;
  }
  const share = valuesOf(direct.effects, movers.heads, shape).reduce((a, b) => a + b, 0);
  const strict = movers.heads.filter((head) => movers.copy.positive[placeOf(head, shape)] > 50);
  return `**Name movers** as in GPT-2 small: ${named(movers.heads)} (copy score above 50 %: ${
    named(strict) || "none"
  }). Their direct effects add up to ${two(share)}.`;
}

function suppressionSentence(circuit: IoiCircuit, shape: Shape): string[] {
  const heads = directRoles(circuit, shape).filter((r) => r.role === "S suppression")
    .map((r) => r.head);
  if (heads.length === 0) return [];
  const share = valuesOf(circuit.direct.effects, heads, shape).reduce((a, b) => a + b, 0);
  return [
    `**Direct suppression of S**, not part of the published circuit: ${
      named(heads)
    } at END looks at S more than ` +
    `at IO and writes against the logit of S (direct effect ${two(share)}).`,
  ];
}

function inhibitionSentences({ inhibition, movers, inputs }: IoiCircuit, shape: Shape): string[] {
  const { heads, signals } = inhibition;
  if (movers.heads.length === 0) return [];
  if (heads.length === 0) {
    return ["**No S-inhibition**: no head turns the name movers' attention by their queries."];
  }
  const all = new Set(signals.flat());
  const which = all.has("position") && all.has("token")
    ? "both signals, the place and the name of what is repeated, as in GPT-2 small"
    : all.has("position")
    ? "the position signal alone; in GPT-2 small it is the stronger of two"
    : all.has("token")
    ? "the token signal alone: which name to avoid, not where it stands. In GPT-2 small the position signal is the stronger"
    : "neither signal alone";
  const normal = mean(valuesOf(movers.attention.s2, heads, shape));
  const without = mean(valuesOf(inputs.unrepeated.s2, heads, shape));
  const finds = without > 0.8 * normal
    ? "They need no repetition to find S2: they look at the last name before END, the one who gives, whatever it is"
    : "Without repetition they look there less: they depend on S2 being a repetition";
  return [
    `**S-inhibition**: ${named(heads)} → queries of the name movers, carrying ${which}.`,
    `${finds} (END→S2 ${two(normal)} on the prompts, ${
      two(without)
    } with a third name at S2 and nothing repeated).`,
  ];
}

function inputSentences(circuit: IoiCircuit, shape: Shape): string[] {
  const { inhibition, inputs } = circuit;
  if (inhibition.heads.length === 0) return [];
  const total = inputs.whole.v;
  const found = inputRoles(circuit, shape);
  const carried = inputs.effects.reduce((sum, e) => sum + Math.min(0, e), 0);
  const from = `Their values, corrupted, cost ${two(total)} (queries ${two(inputs.whole.q)}, keys ${
    two(inputs.whole.k)
  }); of that, paths from single heads carry ${two(carried)}`;
  if (total > -THRESHOLDS.effect) {
    return [`**The signal is not in their values**: ${from}. It lies in where they look.`];
  }
  const detectors = found.filter((r) => r.role !== "other input of S-inhibition");
  if (carried > 0.25 * total) {
    return [
      `**No detection of duplicates by heads**: ${from}. The rest is the name itself, read from the embedding and the ` +
      `MLPs at S2.`,
    ];
  }
  const who = detectors.map(({ head, role }) => `${headName(head)} (${role})`).join(", ");
  return [`**Inputs of the S-inhibition heads**: ${from}: ${who || "no known type of head"}.`];
}
