/** Switches between light and dark. `styles/theme.css` has the colours, keyed by `data-theme` of the root element. */

/** What the reader has chosen; "auto" follows the system. */
export type ThemeChoice = "auto" | "light" | "dark";

const SYSTEM = "(prefers-color-scheme: dark)";

/** Returns whether a choice currently means dark. */
export function isDark(choice: ThemeChoice): boolean {
  return choice === "auto" ? matchMedia(SYSTEM).matches : choice === "dark";
}

/** Applies the chosen theme to the page. */
export function applyTheme(choice: ThemeChoice): void {
  document.documentElement.dataset.theme = isDark(choice) ? "dark" : "light";
}

/** Calls the listener when the system changes between light and dark. */
export function onSystemTheme(listener: () => void): void {
  matchMedia(SYSTEM).addEventListener("change", listener);
}

/** Returns the value of a CSS variable, such as `--ink`, in the current theme and palette. */
export function themeValue(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
