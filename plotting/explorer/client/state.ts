/** Defines the state of the explorer and how the address stores it (`#step=1000&pin=a3.h1`). */
import {
  type AddressField,
  choiceField,
  readAddress,
  type Store as KitStore,
  type ThemeChoice,
  type View,
  writeAddress,
} from "../../page/client/mod.ts";
import type { LineKind } from "./names.ts";

export interface State {
  /** index of the checkpoint shown */
  index: number;
  pinned: string | null;
  /** node or edge name under the pointer; not in the address */
  hovered: string | null;
  hidden: Set<LineKind>;
  /** how many of the strongest edges are drawn; null for all */
  top: number | null;
  colour: "letter" | "sign";
  palette: "field" | "safe";
  /** whether heads are in columns by number or by role */
  order: "number" | "role";
  /** whether edges from one layer to another are drawn apart or bundled */
  edges: "apart" | "bundled";
  /** widths relative to the largest score of all checkpoints, or of this one */
  widths: "all" | "step";
  theme: ThemeChoice;
  measure: "faithfulness" | "normalized";
  matrix: "edges" | "nodes" | "transfer";
  /** the circuit that is compared with the one shown: "off", "previous", "last", "step-1024" or "run-0" (another run) */
  against: string;
  /** index of the prompt on which attention is shown */
  prompt: number;
  /** the token whose attention is shown; null for the last one */
  query: number | null;
  /** the part of the circuit's picture that is shown; null for all of it */
  view: View | null;
}

export type Store = KitStore<State>;

/** Returns the state of a page that shows its last checkpoint and the `top` strongest edges. */
export function initialState(count: number, top: number | null = null): State {
  return {
    index: Math.max(0, count - 1),
    pinned: null,
    hovered: null,
    hidden: new Set(),
    top,
    colour: "letter",
    palette: "field",
    order: "number",
    edges: "apart",
    widths: "all",
    theme: "auto",
    measure: "faithfulness",
    matrix: "edges",
    against: "off",
    prompt: 0,
    query: null,
    view: null,
  };
}

/**
 * Returns the fields of the address: the step, and every other choice that differs from its default. Reading maps a
 * step to the nearest checkpoint, and ignores nodes that the model does not have.
 */
function addressFields(
  steps: number[],
  nodes: string[],
  firstTop: number | null,
): AddressField<State>[] {
  const defaults = initialState(steps.length, firstTop);
  return [
    {
      name: "step",
      write: ({ index }) => steps.length > 0 ? String(steps[index]) : null,
      read(text) {
        const possible = text !== "" && Number.isFinite(Number(text)) && steps.length > 0;
        return possible ? { index: nearestIndex(steps, Number(text)) } : null;
      },
    },
    {
      name: "pin",
      write: ({ pinned }) => pinned,
      read: (text) => nodes.includes(text) ? { pinned: text } : null,
    },
    {
      name: "hide",
      write: ({ hidden }) => hidden.size > 0 ? [...hidden].join("") : null,
      read(text) {
        const letters = [...text].filter((letter): letter is LineKind => "qkvo".includes(letter));
        return letters.length > 0 ? { hidden: new Set(letters) } : null;
      },
    },
    {
      name: "top",
      write: ({ top }) => top === firstTop ? null : top === null ? "all" : String(top),
      read(text) {
        if (text === "all") return { top: null };
        const top = Number(text);
        return Number.isInteger(top) && top > 0 ? { top } : null;
      },
    },
    {
      name: "prompt",
      write: ({ prompt }) => prompt === 0 ? null : String(prompt + 1),
      read: (text) => /^[1-9]\d?$/.test(text) ? { prompt: Number(text) - 1 } : null,
    },
    {
      name: "query",
      write: ({ query }) => query === null ? null : String(query),
      read: (text) => /^\d{1,4}$/.test(text) ? { query: Number(text) } : null,
    },
    {
      name: "view",
      write: ({ view }) =>
        view && [view.scale, view.x, view.y].map((x) => Number(x.toPrecision(4))).join(","),
      read(text) {
        const [scale, x, y] = text.split(",").map(Number);
        const possible = scale > 1 && scale <= 8 && Number.isFinite(x + y);
        return possible ? { view: { scale, x, y } } : null;
      },
    },
    choiceField("colour", ["letter", "sign"], defaults.colour),
    choiceField("palette", ["field", "safe"], defaults.palette),
    choiceField("order", ["number", "role"], defaults.order),
    choiceField("edges", ["apart", "bundled"], defaults.edges),
    choiceField("widths", ["all", "step"], defaults.widths),
    choiceField("theme", ["auto", "light", "dark"], defaults.theme),
    choiceField("measure", ["faithfulness", "normalized"], defaults.measure),
    choiceField("matrix", ["edges", "nodes", "transfer"], defaults.matrix),
    {
      name: "against",
      write: ({ against }) => against === defaults.against ? null : against,
      read: (text) =>
        /^(previous|last|step-\d{1,9}|run-\d{1,3})$/.test(text) ? { against: text } : null,
    },
  ];
}

/** Returns the address part for a state. @param firstTop how many edges the page draws at first */
export function writeHash(state: State, steps: number[], firstTop: number | null = null): string {
  return writeAddress(addressFields(steps, [], firstTop), state);
}

/** Reads what `writeHash` wrote. Ignores unknown and impossible values. */
export function readHash(hash: string, steps: number[], nodes: string[]): Partial<State> {
  return readAddress(addressFields(steps, nodes, null), hash);
}

/** Returns the index of the checkpoint whose step is nearest to `step` on a log scale extended to 0. */
export function nearestIndex(steps: number[], step: number): number {
  const place = (value: number) => Math.log(Math.max(value, 0) + 0.5);
  let best = 0;
  for (let i = 1; i < steps.length; i++) {
    if (
      Math.abs(place(steps[i]) - place(step)) < Math.abs(place(steps[best]) - place(step))
    ) best = i;
  }
  return best;
}
