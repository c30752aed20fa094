/**
 * Connects buttons to the state: `<button data-set="colour=sign">` sets `colour` to "sign" and looks pressed while
 * `colour` has that value. `.switch` of `styles/controls.css` styles a row of them.
 */
import type { Store } from "./store.ts";

/** Connects all such buttons of the page. Returns a function that shows which are pressed; call it after a change. */
export function connectChoices<State extends object>(store: Store<State>): () => void {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("[data-set]")].map((button) => {
    const [key, value] = button.dataset.set!.split("=");
    if (!Object.hasOwn(store.state, key)) {
      throw new Error(`a button sets "${key}", which the page's state does not have`);
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
