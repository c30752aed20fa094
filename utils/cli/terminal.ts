/** Colours and widths of the terminal: plain text in files and pipes, and wherever NO_COLOR is set. */
import { bold, dim, green, red, setColorEnabled, yellow } from "@std/fmt/colors";

const styles = { bold, dim, green, red, yellow } as Record<Style, (text: string) => string>;

/** A way to set text off. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/** Whether text written to the stream may carry colours: it is a terminal, and NO_COLOR is not set. */
export function hasColors(stream: { isTerminal(): boolean }): boolean {
  return stream.isTerminal() && !Deno.noColor;
}

/** `text` in the given style if `colors`, else as it is. */
export function styled(text: string, style: Style, colors: boolean): string {
  if (!colors) return text;
  setColorEnabled(true);
  return styles[style](text);
}

/** Columns of the terminal, 80 where there is none. */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
