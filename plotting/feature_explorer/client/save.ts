/** Saves the picture as SVG or PNG, prints it, and saves what it shows as JSON. */
import { taskTitle } from "../../display_names.ts";
import {
  byId,
  type HeadingLine,
  integer,
  percent,
  plural,
  pngOf,
  printSvg,
  saveFile,
  standaloneSvg,
} from "../../page/client/mod.ts";
import { endName } from "./describe.ts";
import type { RunIndex } from "./run_index.ts";

const PAGE_ONLY = ["data-id", "data-colour"];

/** Returns a checkpoint's circuit as JSON, with names instead of places. */
export function circuitJson(index: RunIndex, t: number) {
  const { run } = index, { model, task, set, roles } = run;
  const { step, metric, accuracy, circuit } = run.checkpoints[t];
  const interval = ([mean, low, high]: readonly number[]) => ({ mean, interval: [low, high] });
  return {
    ...{ model, task, set, step, metric: interval(metric), accuracy },
    faithfulness: circuit?.normalized ?? null,
    random: circuit?.random ?? null,
    nodes: [...index.nodes(t).values()].map(({ slot, effect }) => {
      const { layer, role, numbers, cosines } = run.slots[slot];
      return {
        name: endName(index, `s${slot}`, t),
        ...{ layer, role: roles[role], feature: numbers?.[t] ?? null, effect: interval(effect) },
        ...{ born: index.isBorn(slot, t), decoder_cosine: cosines[t] },
      };
    }),
    edges: index.edges(t, false).map(({ source, target, share, since }) => ({
      source: endName(index, source, t),
      target: endName(index, target, t),
      share: interval(share),
      listed_since: run.checkpoints[since].step,
    })),
  };
}

/** Returns the lines above a saved picture: what is shown, and what its marks mean. */
function headingOf({ index, t }: { index: RunIndex; t: number }): HeadingLine[] {
  const { model, task, set, checkpoints } = index.run;
  const { step, circuit } = checkpoints[t];
  const about = circuit
    ? `${plural(index.nodes(t).size, "node")}, faithfulness ${percent(circuit.normalized)}. `
    : "The model cannot do the task. ";
  const marks =
    "Circles raise the metric, diamonds lower it; darker: larger effect; ring: born since the checkpoint before; coloured cross: gone since then.";
  return [
    { size: 15, pieces: [{ text: `${model}, ${taskTitle(task)}, ${set}, step ${integer(step)}` }] },
    { size: 11, pieces: [{ text: about + (circuit ? marks : "") }] },
  ];
}

/** Connects the buttons. @param shown returns the run, the checkpoint and the picture */
export function connectSaving(
  shown: () => { index: RunIndex; t: number; picture: SVGSVGElement },
): void {
  const stem = () => {
    const { index: { run }, t } = shown();
    const name = `${run.model}_${run.task}_${run.set}_step${run.checkpoints[t].step}`;
    return name.replace(/[^\w.-]+/g, "_").slice(0, 120);
  };
  byId("save-svg").addEventListener("click", () => {
    saveFile(
      `${stem()}.svg`,
      [standaloneSvg(shown().picture, PAGE_ONLY, headingOf(shown()))],
      "image/svg+xml",
    );
  });
  byId("save-png").addEventListener("click", async () => {
    saveFile(
      `${stem()}.png`,
      [await pngOf(shown().picture, PAGE_ONLY, headingOf(shown()))],
      "image/png",
    );
  });
  byId("save-pdf").addEventListener(
    "click",
    () => printSvg(standaloneSvg(shown().picture, PAGE_ONLY, headingOf(shown())), stem()),
  );
  byId("save-json").addEventListener("click", () => {
    const { index, t } = shown();
    saveFile(
      `${stem()}.json`,
      [JSON.stringify(circuitJson(index, t), null, 1)],
      "application/json",
    );
  });
}
