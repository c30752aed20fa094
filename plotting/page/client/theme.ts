/** Switches between light and dark. Colours themselves are in `styles/theme.css`, keyed by `data-theme` of the root. */

/** What the reader has chosen; "auto" follows the system. */
export type ThemeChoice = "auto" | "light" | "dark";

const SYSTEM = "(prefers-color-scheme: dark)";

/** Tells whether a choice means dark now. */
export function isDark(choice: ThemeChoice): boolean {
  return choice === "auto" ? matchMedia(SYSTEM).matches : choice === "dark";
}

/** Shows the page in the chosen theme. */
export function applyTheme(choice: ThemeChoice): void {
  document.documentElement.dataset.theme = isDark(choice) ? "dark" : "light";
}

/** Calls the listener when the system changes between light and dark. */
export function onSystemTheme(listener: () => void): void {
  matchMedia(SYSTEM).addEventListener("change", listener);
}

/** Returns the value that a CSS variable has in the current theme and palette, such as `--ink`. */
export function themeValue(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
