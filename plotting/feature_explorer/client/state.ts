/** Defines the state of the page and how the address stores it (`#run=pythia-nano/sva/main&step=2048&pin=3.1.101@6144`). */
import {
  type AddressField,
  choiceField,
  readAddress,
  type Store as KitStore,
  type ThemeChoice,
  writeAddress,
} from "../../page/client/mod.ts";
import type { FeatureRun, RunName } from "../page_data.ts";
import { slotKey, slotOf } from "./run_index.ts";

/** What the page shows. */
export interface State {
  /** place in the list of runs */
  run: number;
  /** place of the checkpoint */
  index: number;
  /** run and checkpoint beside it; null without a comparison */
  other: { run: number; index: number } | null;
  /** moves both pictures with the slider, if they are of different runs */
  together: "yes" | "no";
  /** `s{slot}` or the id of an edge */
  pinned: string | null;
  /** under the pointer; not in the address */
  hovered: string | null;
  /** most edges drawn; null draws all */
  top: number | null;
  colour: "age" | "sign";
  /** draws features outside the circuit */
  outside: "yes" | "no";
  /** draws edges from tokens */
  tokens: "yes" | "no";
  theme: ThemeChoice;
}

/** The page's store. */
export type Store = KitStore<State>;

/** Finds the runs of the page. */
export interface Runs {
  names: readonly RunName[];
  /** Returns a run; parses it on first use. */
  get(place: number): FeatureRun;
}

/** Edges drawn at first. */
const FIRST_TOP = 80;

/** Returns the state of a page that shows the last checkpoint of its first run. */
export function initialState(runs: Runs): State {
  return {
    run: 0,
    index: Math.max(0, runs.get(0).checkpoints.length - 1),
    other: null,
    together: "yes",
    pinned: null,
    hovered: null,
    top: FIRST_TOP,
    colour: "age",
    outside: "yes",
    tokens: "no",
    theme: "auto",
  };
}

const nameOf = ({ model, task, set }: RunName) => `${model}/${task}/${set}`;

/** Returns the place of the checkpoint whose step is nearest. */
export function nearestIndex({ checkpoints }: FeatureRun, step: number): number {
  let best = 0;
  checkpoints.forEach((c, i) => {
    if (Math.abs(c.step - step) < Math.abs(checkpoints[best].step - step)) best = i;
  });
  return best;
}

/** Returns a store that moves the other picture with this one where both belong together. */
export function movingTogether(store: Store, runs: Runs): Store {
  return {
    ...store,
    set(change) {
      const { run, index, other, together } = { ...store.state, ...change };
      const follows = change.index !== undefined && change.other === undefined &&
        together === "yes" && other !== null && other.run !== run;
      if (!follows) return store.set(change);
      const { step } = runs.get(run).checkpoints[index];
      const place = nearestIndex(runs.get(other.run), step);
      store.set({ ...change, ...(place !== other.index && { other: { ...other, index: place } }) });
    },
  };
}

function fields(runs: Runs, run: number): AddressField<State>[] {
  const place = (name: string) => runs.names.findIndex((each) => nameOf(each) === name);
  const steps = (at: number) => runs.get(at).checkpoints;
  return [
    {
      name: "run",
      write: (state) => nameOf(runs.names[state.run]),
      read: (text) => place(text) < 0 ? null : { run: place(text) },
    },
    {
      name: "step",
      write: (state) => String(steps(state.run)[state.index]?.step ?? ""),
      read: (text) =>
        text !== "" && Number.isFinite(Number(text))
          ? { index: nearestIndex(runs.get(run), Number(text)) }
          : null,
    },
    {
      name: "with",
      write: ({ other }) =>
        other && `${nameOf(runs.names[other.run])}@${steps(other.run)[other.index].step}`,
      read(text) {
        const [, name, step] = /^(.*)@(\d+)$/.exec(text) ?? [];
        const at = name === undefined ? -1 : place(name);
        if (at < 0) return null;
        return { other: { run: at, index: nearestIndex(runs.get(at), Number(step)) } };
      },
    },
    {
      name: "pin",
      write: (state) => state.pinned && writePin(runs.get(state.run), state.pinned),
      read: (text) => readPin(runs.get(run), text),
    },
    {
      name: "top",
      write: ({ top }) => top === FIRST_TOP ? null : String(top ?? "all"),
      read(text) {
        if (text === "all") return { top: null };
        return /^[1-9]\d*$/.test(text) ? { top: Number(text) } : null;
      },
    },
    choiceField("together", ["yes", "no"], "yes"),
    choiceField("colour", ["age", "sign"], "age"),
    choiceField("outside", ["yes", "no"], "yes"),
    choiceField("tokens", ["yes", "no"], "no"),
    choiceField("theme", ["auto", "light", "dark"], "auto"),
  ];
}

function writePin(run: FeatureRun, pinned: string): string {
  return pinned.split(">").map((end) => {
    const slot = slotOf(end);
    return slot === undefined ? end : slotKey(run, slot);
  }).join(">");
}

function readPin(run: FeatureRun, text: string): Partial<State> | null {
  const keys = new Map(run.slots.map((_, slot) => [slotKey(run, slot), `s${slot}`]));
  const isToken = (end: string) => /^t\d+$/.test(end) && Number(end.slice(1)) < run.roles.length;
  const ends = text.split(">").map((end, i) =>
    keys.get(end) ?? (i === 1 && end === "out" || i === 0 && isToken(end) ? end : undefined)
  );
  if (ends.length > 2 || ends.includes(undefined)) return null;
  return ends.length === 1 && !ends[0]!.startsWith("s") ? null : { pinned: ends.join(">") };
}

/** Returns whether an address shows nothing but the first run, which the page embeds before the others. */
export function opensFirstRun(names: readonly RunName[], hash: string): boolean {
  const address = new URLSearchParams(hash.slice(1)), first = nameOf(names[0]);
  const [run, other] = [address.get("run"), address.get("with")];
  return (run ?? first) === first && (other ?? `${first}@`).startsWith(`${first}@`);
}

/** Returns the address part for a state. */
export function writeHash(runs: Runs, state: State): string {
  return writeAddress(fields(runs, state.run), state);
}

/** Reads what `writeHash` wrote; ignores what is unknown. @param run shown if the address names none */
export function readHash(runs: Runs, hash: string, run: number): Partial<State> {
  const named = readAddress(fields(runs, run).slice(0, 1), hash).run ?? run;
  return readAddress(fields(runs, named), hash);
}
