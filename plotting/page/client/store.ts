/** Keeps the state of a page and notifies the views of changes. */

/** The state of a page. Views read it and subscribe to it; input sets parts of it. */
export interface Store<State> {
  /** the current state */
  readonly state: Readonly<State>;
  /** Sets the given parts. Listeners run once for all of them, and only if the value of a part changes. */
  set(change: Partial<State>): void;
  /** Calls the listener after every change, with the names of the parts that changed. */
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
