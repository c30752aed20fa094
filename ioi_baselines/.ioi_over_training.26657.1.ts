(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](1);
const MODEL = "pythia-nano";
const STEPS: number[] = [0,2560]; // e.g. [1000, 16000, 143000]; empty: about 20, more of them early
const PROMPTS = 70;
(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](2);
import { mean } from "../utils/experiment/statistics.ts";
import { placeOf } from "../utils/heads/ioi_roles.ts";
import { type Head, headName } from "../utils/heads/senders.ts";
import { KeyNumbers, show, table } from "./display.ts";
import { chart, COLOURS, timeline } from "./figures.ts";
import { type IoiCircuit, ioiCircuit } from "./ioi_circuit.ts";
import { openIoi, someSteps } from "./ioi_prompts.ts";
import { comparison, type FoundRole, ROLES, rolesFound } from "./roles_found.ts";

const steps = STEPS.length > 0 ? STEPS : someSteps(MODEL, 20);
const circuits: IoiCircuit[] = [];
const roles: FoundRole[][] = [];
let shape = { nLayers: 0, nHeads: 0 };
for (const step of steps) {
  const ioi = await openIoi(MODEL, step, PROMPTS);
  shape = ioi.model.config;
  circuits.push(await ioiCircuit(ioi));
  roles.push(rolesFound(circuits.at(-1)!, shape));
  ioi.model.close();
}
console.log(`${MODEL}, steps ${steps.join(", ")}`);
(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](4);
const behaviours = circuits.map((c) => c.behaviour);
const line = (name: string, i: number, y: number[]) =>
  ({ kind: "line", name, colour: COLOURS[i % COLOURS.length], x: steps, y }) as const;

await show(chart([
  {
    title: "Logit difference",
    xTitle: "training step",
    yTitle: "logit IO − logit S",
    steps: true,
    marks: [
      line("clean", 0, behaviours.map((b) => mean(b.clean))),
      line("corrupted", 1, behaviours.map((b) => mean(b.corrupted))),
    ],
  },
  {
    title: "IO beats S; IO is the first of all tokens",
    xTitle: "training step",
    yTitle: "share of prompts",
    steps: true,
    yDomain: [0, 1],
    marks: [
      line("accuracy", 2, behaviours.map((b) => b.accuracy)),
      line("first", 3, behaviours.map((b) => b.first)),
    ],
  },
], 2));
(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](6);
const final = roles.at(-1)!;
const headsAs = (...wanted: string[]) => final.filter(({ role }) => wanted.includes(role)).map(({ head }) => head);
const shown = [...new Set(final.map(({ head }) => headName(head)))];
const over = (heads: Head[], measure: (c: IoiCircuit) => ArrayLike<number>) =>
  heads.slice(0, 8).map((head) =>
    line(headName(head), shown.indexOf(headName(head)), circuits.map((c) => measure(c)[placeOf(head, shape)]))
  );
const inLogits = (effects: Float32Array, { behaviour: { clean, corrupted } }: IoiCircuit) =>
  effects.map((e) => e * (mean(clean) - mean(corrupted)));
const panel = (title: string, yTitle: string, marks: ReturnType<typeof line>[]) =>
  ({ title, yTitle, xTitle: "training step", steps: true, marks });

const writers = headsAs("name mover", "S suppression", "copies both names", "other direct effect", "negative head");
const inhibitors = headsAs("S-inhibition");
const readers = circuits.at(-1)!.readers;
const copiers = headsAs("name mover", "copies both names");
await show(chart([
  panel("Direct effect", "logits", over(writers, (c) => inLogits(c.direct.effects, c))),
  panel("Copy score of heads that copy names", "percent", over(copiers, (c) => c.movers.copy.positive)),
], 2));
await show(chart([
  panel("Heads that copy names: attention to IO minus to S1", "END→IO − END→S1",
    over(copiers, ({ movers: { attention } }) => attention.io.map((x, i) => x - attention.s1[i]))),
  panel("Heads that read S2: attention to it", "END→S2", over(readers, (c) => c.movers.attention.s2)),
], 2));
const steered = panel("S-inhibition heads: effect on name movers' queries", "logits",
  over(inhibitors, (c) => inLogits(c.inhibition.effects, c)));
await show(chart([
  ...inhibitors.length > 0 ? [steered] : [],
  panel("Largest scores on repeated random tokens", "attention", [
    line("induction", 5, circuits.map((c) => Math.max(...c.inputs.scores.induction))),
    line("duplicate token", 6, circuits.map((c) => Math.max(...c.inputs.scores.duplicateToken))),
    line("previous token", 7, circuits.map((c) => Math.max(...c.inputs.scores.prevToken))),
  ]),
], 2));
(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](8);
const played = ROLES.flatMap((role) => {
  const names = [...new Set(roles.flat().filter((r) => r.role === role).map(({ head }) => headName(head)))];
  return names.sort().map((name) => ({ role, name }));
});
const rows = played.map(({ role, name }) => ({
  name: `${role} ${name}`,
  colour: COLOURS[ROLES.indexOf(role)],
  on: roles.map((list) => list.some((r) => r.role === role && headName(r.head) === name)),
}));
// In larger models only the heads that keep a part at two checkpoints or more.
const lasting = rows.length > 40 ? rows.filter(({ on }) => on.filter(Boolean).length > 1) : rows;
await show(timeline("Parts played in the checkpoint's own circuit", steps, lasting));

const first = ROLES.map((role) => {
  const i = roles.findIndex((list) => list.some((r) => r.role === role));
  const now = final.filter((r) => r.role === role).map(({ head }) => headName(head)).join(", ");
  return [role, i < 0 ? "never" : String(steps[i]), now || "–"];
});
await show(table(["part", "first step", "heads at the last step"], first));
(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](10);
const appears = Math.max(0, roles.findIndex((list) => list.length > 0));
for (const i of new Set([appears, steps.length - 1])) {
  await show(`**Step ${steps[i]}**\n\n${comparison(circuits[i], shape).map((s) => `* ${s}`).join("\n")}`);
}
(globalThis as any)[Symbol.for("ioi_baselines.cellBegins")](11);
await show(new KeyNumbers(Object.fromEntries(steps.map((step, i) => [`step${step}`, {
  logit_diff: mean(behaviours[i].clean),
  corrupted_logit_diff: mean(behaviours[i].corrupted),
  accuracy: behaviours[i].accuracy,
  largest_copy_score: Math.max(...circuits[i].movers.copy.positive),
  largest_induction_score: Math.max(...circuits[i].inputs.scores.induction),
  roles: roles[i].map(({ role, head }) => `${headName(head)} ${role}`),
}]))));
export {};
