/**
 * Says which head plays which part in the circuit, with the evidence, and how the algorithm differs from the one that
 * Wang et al. (2022) found in GPT-2 small. Every statement follows from measured numbers.
 */
import { mean } from "../utils/base/mod.ts";
import { allHeads, headsWhere, isNameMover, placeOf } from "../utils/heads/mod.ts";
import { type Head, headName } from "../utils/names/mod.ts";
import { withMinus } from "../notebooks/mod.ts";
import { added, doesTask, type IoiCircuit, THRESHOLDS, valuesOf } from "./ioi_circuit.ts";

/** The parts that a head can play, from the logits down. */
export const ROLES = [
  "name mover",
  "S suppression",
  "copies both names",
  "other direct effect",
  "negative head",
  "S-inhibition",
  "duplicate token",
  "induction",
  "other input of S readers",
] as const;
/** A part that a head plays. */
export type Role = typeof ROLES[number];

/** Copy score (percent) of a clear name mover, and logits that a head must write for a name to count as its source. */
const STRICT_COPY = 50, LOGITS_WRITTEN = 0.5;

/** A head in a part. */
export interface FoundRole {
  /** the head */
  head: Head;
  /** its part */
  role: Role;
  /** measured numbers, as text */
  evidence: string;
}

interface Shape {
  nLayers: number;
  nHeads: number;
}

const two = (value: number) => withMinus(value.toFixed(2));
const percent = (value: number) => `${Math.round(value)} %`;

/** Returns every part played, level by level, strongest head first; none if the model does not do the task. */
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

function directRoles({ direct, movers, readers }: IoiCircuit, shape: Shape): FoundRole[] {
  const { io, s1, s2 } = movers.attention;
  const moves = new Set(movers.heads.map(headName));
  const reads = new Set(readers.map(headName));
  return allHeads(shape).flatMap((head): FoundRole[] => {
    const i = placeOf(head, shape), effect = direct.effects[i], name = headName(head);
    const [toIo, toS] = [added(direct.io, i, direct), added(direct.s, i, direct)];
    const looks = `END→IO ${two(io[i])}, S1 ${two(s1[i])}, S2 ${two(s2[i])}`;
    const copies = `copies ${percent(movers.copy.positive[i])}`;
    const writes = `adds ${two(toIo)} to the logit of IO, ${two(toS)} to that of S`;
    const as = (role: Role, more: string): FoundRole[] => [
      { head, role, evidence: `direct effect ${two(effect)}; ${looks}; ${more}` },
    ];
    if (moves.has(name)) return as("name mover", copies);
    if (movers.copy.positive[i] > STRICT_COPY && Math.min(toIo, toS) > LOGITS_WRITTEN) {
      return as("copies both names", `${copies}; ${writes}`);
    }
    if (Math.abs(effect) <= THRESHOLDS.effect) return [];
    if (effect > 0) return as("negative head", writes);
    const suppresses = reads.has(name) && toS < 0 && s1[i] + s2[i] > io[i];
    return as(suppresses ? "S suppression" : "other direct effect", writes);
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
  return allHeads(shape).flatMap((head): FoundRole[] => {
    const i = placeOf(head, shape);
    if (inputs.effects[i] >= -THRESHOLDS.effect) return [];
    const duplicate = Math.max(scores.duplicateToken[i], toS1[i]);
    const induction = Math.max(scores.induction[i], toAfterS1[i]);
    const evidence = `effect on S readers' values ${two(inputs.effects[i])}; ` +
      `duplicate-token score ${two(scores.duplicateToken[i])}, S2→S1 ${two(toS1[i])}; ` +
      `induction score ${two(scores.induction[i])}, S2→S1+1 ${two(toAfterS1[i])}`;
    const role = Math.max(duplicate, induction) <= THRESHOLDS.score
      ? "other input of S readers"
      : duplicate > induction
      ? "duplicate token"
      : "induction";
    return [{ head, role, evidence }];
  });
}

/** Describes each level of the algorithm in sentences, and where it differs from GPT-2 small. */
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
    ...suppressionSentences(circuit, shape),
    ...inhibitionSentences(circuit),
    ...inputSentences(circuit, shape),
  ];
}

const named = (heads: readonly Head[]) => heads.map(headName).join(", ");

function moverSentence({ movers, direct }: IoiCircuit, shape: Shape): string {
  const copies = isNameMover(movers.copy.positive, movers.attention, STRICT_COPY);
  if (movers.heads.length === 0) {
    const alike = headsWhere(shape, (i) => copies[i]);
    const strongest = allHeads(shape).reduce((a, b) =>
      direct.effects[placeOf(b, shape)] < direct.effects[placeOf(a, shape)] ? b : a
    );
    const i = placeOf(strongest, shape);
    const judged = alike.length === 0
      ? "no head has the copy score and the attention of one"
      : `${
        named(alike)
      } has the copy score and the attention of one, but patching it does less than ${
        two(THRESHOLDS.effect)
      } of the harm`;
    return `**No name mover** that decides: ${judged}. The largest direct effect is that of ${
      headName(strongest)
    } (${two(direct.effects[i])}), which copies ${percent(movers.copy.positive[i])} of the names.`;
  }
  const share = valuesOf(direct.effects, movers.heads, shape).reduce((a, b) => a + b, 0);
  const strict = movers.heads.filter((head) =>
    movers.copy.positive[placeOf(head, shape)] > STRICT_COPY
  );
  return `**Name movers** as in GPT-2 small: ${named(movers.heads)} (copy score above 50 %: ${
    named(strict) || "none"
  }). Their direct effects add up to ${two(share)}.`;
}

function suppressionSentences(circuit: IoiCircuit, shape: Shape): string[] {
  const { direct } = circuit;
  const headsAs = (role: Role) =>
    directRoles(circuit, shape).filter((r) => r.role === role).map((r) => r.head);
  const both = headsAs("copies both names"), against = headsAs("S suppression");
  const sentences: string[] = [];
  if (both.length > 0) {
    const raised = (name: Float32Array) =>
      both.reduce((sum, head) => sum + added(name, placeOf(head, shape), direct), 0);
    sentences.push(
      `**Both names are copied**: ${named(both)}, in all ${
        two(raised(direct.io))
      } to the logit of IO and ${
        two(raised(direct.s))
      } to that of S; the choice between them is made elsewhere.`,
    );
  }
  if (against.length > 0) {
    const share = valuesOf(direct.effects, against, shape).reduce((a, b) => a + b, 0);
    sentences.push(
      `**Direct suppression of S**, not part of the published circuit: ${
        named(against)
      }. From END ` +
        `more attention to S than to IO, and an output against the logit of S (direct effects add up to ${
          two(share)
        }).`,
    );
  }
  return sentences;
}

function inhibitionSentences({ inhibition, movers }: IoiCircuit): string[] {
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
    ? "the token signal alone: which name to avoid, not where it is. In GPT-2 small the position signal is the stronger"
    : "neither signal alone";
  return [`**S-inhibition**: ${named(heads)} → queries of the name movers, carrying ${which}.`];
}

function inputSentences(circuit: IoiCircuit, shape: Shape): string[] {
  const { readers, inputs, movers } = circuit;
  if (readers.length === 0) return [];
  const normal = mean(valuesOf(movers.attention.s2, readers, shape));
  const without = mean(valuesOf(inputs.unrepeated.s2, readers, shape));
  const measured = `END→S2 ${two(normal)} on the prompts, ${
    two(without)
  } with a third name at S2 and nothing repeated`;
  const finding = without > 0.8 * normal
    ? `**S2 is found without its repetition**: what ${
      named(readers)
    } attend to is the last name before END, ` +
      `the one who gives, whatever it is (${measured}).`
    : `**S2 is found by its repetition**: without it, the attention ` +
      `of ${named(readers)} to it falls (${measured}).`;
  const carried = inputs.effects.reduce((sum, e) => sum + Math.min(0, e), 0);
  const { q, k, v } = inputs.whole;
  const from =
    `corrupted, their values cost ${two(v)} (queries ${two(q)}, keys ${
      two(k)
    }), and paths from single heads ` +
    `to them ${two(carried)}`;
  if (v > -THRESHOLDS.effect) {
    return [finding, `**The signal is not in their values**: ${from}. It is in where they attend.`];
  }
  if (carried > 0.25 * v) {
    const induction = headsWhere(shape, (i) => inputs.scores.induction[i] > THRESHOLDS.score);
    const idle = induction.length === 0
      ? ""
      : ` Induction heads exist, but play no part here: ${named(induction)}.`;
    return [
      finding,
      `**No detection of duplicates by heads**: ${from}. The rest is the name itself, read from the embedding and the ` +
      `MLPs at S2.${idle}`,
    ];
  }
  const who = inputRoles(circuit, shape).filter((r) => r.role !== "other input of S readers")
    .map(({ head, role }) => `${headName(head)} (${role})`).join(", ");
  return [
    finding,
    `**Inputs of the heads that read S2**: ${from}: ${who || "no known type of head"}.`,
  ];
}
