/**
 * Keeps part of the state in the page's address (`#step=1000&pin=a3.h1`), so that a reader can share a view as a link.
 *
 * A page lists its fields once and uses the list to write and to read.
 */

/** One part of the address, `name=text`. */
export interface AddressField<State> {
  /** the part before the equals sign */
  name: string;
  /** Returns the text for a state; null omits the field. */
  write(state: State): string | null;
  /** Returns the change of state that a text stands for; null for an invalid text. */
  read(text: string): Partial<State> | null;
}

/** Returns the address field of a state with a few allowed values. The address omits the default. */
export function choiceField<State, Key extends keyof State & string>(
  key: Key,
  allowed: readonly (State[Key] & string)[],
  normal: State[Key] & string,
): AddressField<State> {
  return {
    name: key,
    write: (state) => state[key] === normal ? null : String(state[key]),
    read(text) {
      const value = allowed.find((each) => each === text);
      return value === undefined ? null : { [key]: value } as unknown as Partial<State>;
    },
  };
}

/** Returns the address part for a state, `#` included, with the fields in order. */
export function writeAddress<State>(
  fields: readonly AddressField<State>[],
  state: State,
): string {
  const parts = new URLSearchParams();
  for (const field of fields) {
    const text = field.write(state);
    if (text !== null) parts.set(field.name, text);
  }
  return `#${parts}`;
}

/** Reads what `writeAddress` wrote. Ignores unknown names and invalid texts. */
export function readAddress<State>(
  fields: readonly AddressField<State>[],
  hash: string,
): Partial<State> {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const changes = fields.map(({ name, read }) => {
    const text = parts.get(name);
    return text === null ? null : read(text);
  });
  return Object.assign({}, ...changes);
}
