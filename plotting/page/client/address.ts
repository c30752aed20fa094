/**
 * Keeps a part of the state in the page's address (`#step=1000&pin=a3.h1`), so that a view can be sent to someone.
 *
 * A page lists its fields once; writing and reading go through the same list.
 */

/** One part of the address, `name=text`. */
export interface AddressField<State> {
  /** ahead of the equals sign */
  name: string;
  /** the text for a state; null leaves the part out */
  write(state: State): string | null;
  /** the change of state that a text asks for; null for a text that makes no sense */
  read(text: string): Partial<State> | null;
}

/** Returns the field of a state with a few allowed values; the default is left out of the address. */
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

/** Returns the address part for a state, `#` included, the fields in their order. */
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

/** Reads what `writeAddress` wrote. Ignores unknown names and texts that make no sense. */
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
