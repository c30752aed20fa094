/**
 * Connects buttons to the state: `<button data-set="colour=sign">` sets the part `colour` to "sign" and is shown as
 * pressed while it has that value. `.switch` of `styles/controls.css` shows a row of them.
 */
import type { Store } from "./store.ts";

/** Makes all such buttons of the page work. Returns the function that shows which are pressed; call it on a change. */
export function connectChoices<State extends object>(store: Store<State>): () => void {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("[data-set]")].map((button) => {
    const [key, value] = button.dataset.set!.split("=");
    if (!Object.hasOwn(store.state, key)) {
      throw new Error(`a button sets "${key}", which is not a part of the page's state`);
    }
    return { button, key: key as keyof State, value };
  });
  for (const { button, key, value } of buttons) {
    button.addEventListener("click", () => store.set({ [key]: value } as Partial<State>));
  }
  return () => {
    for (const { button, key, value } of buttons) {
      button.setAttribute("aria-pressed", String(store.state[key] === value));
    }
  };
}
