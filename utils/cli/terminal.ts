/** Colours and width of the terminal. Text in files and pipes, or with NO_COLOR set, has no colours. */
import { bold, dim, green, red, setColorEnabled, yellow } from "@std/fmt/colors";

const styles = { bold, dim, green, red, yellow } as Record<Style, (text: string) => string>;

/** A way to highlight text. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/** Whether text written to the stream may have colours: the stream is a terminal, and NO_COLOR is not set. */
export function hasColors(stream: { isTerminal(): boolean }): boolean {
  return stream.isTerminal() && !Deno.noColor;
}

/** Returns `text` in the given style if `colors`, else unchanged. */
export function styled(text: string, style: Style, colors: boolean): string {
  if (!colors) return text;
  setColorEnabled(true);
  return styles[style](text);
}

/** Returns the columns of the terminal; 80 without one. */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
