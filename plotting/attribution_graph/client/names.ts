/** Names nodes for people, and makes any token's text visible: spaces, line ends, control characters, other directions. */
import { integer, number } from "../../page/client/mod.ts";
import type { GraphModel, PageNode } from "./page_model.ts";

const VISIBLE: Record<string, string> = { "\n": "⏎", "\r": "␍", "\t": "⇥", "\u00a0": "⍽" };

/** Characters that a reader cannot see, or that turn the text around them. */
// deno-lint-ignore no-control-regex -- these are the characters to show
const HIDDEN = /[\u0000-\u001f\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Returns a token's text on one line, with hidden characters as signs (`⏎`, `␀`, `‹U+202E›`).
 * @param most characters kept; longer texts end in "…"
 */
export function visibleText(text: string, most = 40): string {
  const characters = [...text.slice(0, 4 * most + 4)];
  const cut = characters.length > most;
  const shown = (cut ? characters.slice(0, most - 1) : characters).join("");
  return shown.replace(HIDDEN, (c) => {
    const code = c.charCodeAt(0);
    if (VISIBLE[c]) return VISIBLE[c];
    if (code < 32) return String.fromCharCode(0x2400 + code);
    return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
  }) + (cut ? "…" : "");
}

/** Returns a token's text for a label: without the space that most tokens begin with. */
export function tokenLabel(text: string, most = 12): string {
  const inner = text.startsWith(" ") && text.trim() !== "" ? text.slice(1) : text;
  return visibleText(inner, most) || "␣";
}

const ORIGINS: Record<string, string> = {
  attention_value: "Value biases of attention",
  attention_output: "Output bias of attention",
  decoder: "Decoder bias",
  skip: "LayerNorm bias through the linear path",
  ignored: "MLP output at ignored positions",
  position: "Position embeddings",
  reading: "Bias of what reads",
  left_out: "Features left out by the cap",
};

/** Returns a name that fits beside a node: `3.514`, `err 3`, `Mary`. */
export function shortName(
  { data }: GraphModel,
  { kind, layer, position, index }: PageNode,
): string {
  switch (kind) {
    case "feature":
      return `${layer}.${index}`;
    case "error":
      return `err ${layer}`;
    case "token":
      return `“${tokenLabel(data.tokenTexts[position])}”`;
    case "target":
      return visibleText(data.targets[index].label.replace(/^logit /, ""), 36);
    case "bias": {
      const { origin } = data.biases[index];
      return `b ${origin.replaceAll("_", " ")}${layer < data.layers ? ` ${layer}` : ""}`;
    }
  }
}

/** Returns the name of a node in prose. */
export function longName({ data }: GraphModel, { kind, layer, position, index }: PageNode): string {
  const at = position < 0
    ? ""
    : ` at ${integer(position)} “${tokenLabel(data.tokenTexts[position], 20)}”`;
  switch (kind) {
    case "feature":
      return `Feature ${layer}.${index}${at}`;
    case "error":
      return `Error of MLP ${layer}${at}`;
    case "token":
      return `Token “${visibleText(data.tokenTexts[position], 30)}” at ${integer(position)}`;
    case "target":
      return visibleText(data.targets[index].label, 80);
    case "bias": {
      const { origin } = data.biases[index];
      const name = ORIGINS[origin] ?? origin;
      return layer < data.layers ? `${name}, layer ${layer}` : name;
    }
  }
}

/** Formats a weight with its sign: `+0.31`, `−2.4`. */
export const signed = (value: number): string => value > 0 ? `+${number(value)}` : number(value);
