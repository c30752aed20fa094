/** Keeps what the reader of a page has chosen, and tells the views what has changed. */

/** The state of a page. Views read it and subscribe; whatever the reader does sets a part of it. */
export interface Store<State> {
  /** the state now */
  readonly state: Readonly<State>;
  /** Takes over the given parts. Listeners run once for all of them, and only when a part really changes. */
  set(change: Partial<State>): void;
  /** Calls the listener after every change with the names of the parts that changed. */
  subscribe(listener: (changed: ReadonlySet<keyof State>) => void): void;
}

/** Makes a store that starts with a copy of `initial`. Parts are compared by identity: set a new array or set. */
export function createStore<State extends object>(initial: State): Store<State> {
  const listeners: ((changed: ReadonlySet<keyof State>) => void)[] = [];
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
