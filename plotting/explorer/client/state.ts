/** What the reader has chosen, kept in the address (`#step=1000&pin=a3.h1`) so that a view can be sent to someone. */
import type { Letter } from "./names.ts";

export interface State {
  /** index of the checkpoint shown */
  index: number;
  pinned: string | null;
  /** node or edge name under the pointer; not kept in the address */
  hovered: string | null;
  hidden: Set<Letter>;
  top: number | null;
  colour: "letter" | "sign";
  palette: "field" | "safe";
  /** widths relative to the largest score of all checkpoints, or of this one */
  widths: "all" | "step";
  theme: "auto" | "light" | "dark";
  measure: "faithfulness" | "normalized";
  matrix: "edges" | "nodes" | "transfer";
}

export interface Store {
  readonly state: State;
  set(change: Partial<State>): void;
  subscribe(listener: (changed: Set<keyof State>) => void): void;
}

export function initialState(count: number): State {
  return {
    index: Math.max(0, count - 1),
    pinned: null,
    hovered: null,
    hidden: new Set(),
    top: null,
    colour: "letter",
    palette: "field",
    widths: "all",
    theme: "auto",
    measure: "faithfulness",
    matrix: "edges",
  };
}

/** Listeners hear of all changes made in one call together. */
export function createStore(initial: State): Store {
  const listeners: ((changed: Set<keyof State>) => void)[] = [];
  const state = { ...initial };
  return {
    state,
    set(change) {
      const changed = new Set<keyof State>();
      for (const key of Object.keys(change) as (keyof State)[]) {
        if (state[key] !== change[key]) changed.add(key);
      }
      if (changed.size === 0) return;
      Object.assign(state, change);
      for (const listener of listeners) listener(changed);
    },
    subscribe(listener) {
      listeners.push(listener);
    },
  };
}

const CHOICES: [keyof State, string, string[]][] = [
  ["colour", "colour", ["letter", "sign"]],
  ["palette", "palette", ["field", "safe"]],
  ["widths", "widths", ["all", "step"]],
  ["theme", "theme", ["auto", "light", "dark"]],
  ["measure", "measure", ["faithfulness", "normalized"]],
  ["matrix", "matrix", ["edges", "nodes", "transfer"]],
];

/** The address part for a state; what is at its default is left out, except the step. */
export function writeHash(state: State, steps: number[]): string {
  const parts = new URLSearchParams();
  if (steps.length > 0) parts.set("step", String(steps[state.index]));
  if (state.pinned) parts.set("pin", state.pinned);
  if (state.hidden.size > 0) parts.set("hide", [...state.hidden].join(""));
  if (state.top !== null) parts.set("top", String(state.top));
  const defaults = initialState(steps.length);
  for (const [key, name] of CHOICES) {
    if (state[key] !== defaults[key]) parts.set(name, String(state[key]));
  }
  return `#${parts}`;
}

/** Reads what `writeHash` wrote; unknown or impossible values are ignored. The nearest checkpoint stands in for a step. */
export function readHash(hash: string, steps: number[], nodes: string[]): Partial<State> {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const change: Record<string, unknown> = {};
  const step = parts.get("step");
  if (step !== null && step !== "" && Number.isFinite(Number(step)) && steps.length > 0) {
    change.index = nearestIndex(steps, Number(step));
  }
  const pin = parts.get("pin");
  if (pin && nodes.includes(pin)) change.pinned = pin;
  const hide = [...(parts.get("hide") ?? "")].filter((letter) => "qkvo".includes(letter));
  if (hide.length > 0) change.hidden = new Set(hide);
  const top = Number(parts.get("top"));
  if (Number.isInteger(top) && top > 0) change.top = top;
  for (const [key, name, allowed] of CHOICES) {
    const value = parts.get(name);
    if (value !== null && allowed.includes(value)) change[key] = value;
  }
  return change as Partial<State>;
}

/** Index of the checkpoint whose step is nearest to `step` on a log scale with a place for 0. */
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
