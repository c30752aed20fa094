/**
 * Says what the tokens of generated text are. A generator marks words as it writes them; nothing is guessed afterwards.
 *
 *   {Mary|giver}   {guards|subject|number=plural}   {Tuesday|item|index=2}   {|sentence=gift}
 *
 * Text, role and attributes stand between braces. The last form holds no text: it names the sentence that begins there.
 * Generated text has no braces of its own.
 */
import type { Tokenizer } from "../../model/mod.ts";

/** What a marked word says about itself. */
export interface WordLabel {
  /** What the word does in its sentence, e.g. "giver", "attractor", "capital". */
  role: string;
  /** What the word names, e.g. "Mary"; the word itself unless the generator says more. */
  entity: string;
  /** Grammatical number, for nouns and verbs of agreement sentences. */
  number?: "singular" | "plural";
  /** Place in an ordered or repeated sequence, from 0. */
  index?: number;
}

/** A marked stretch of a document: characters `start` to `end` (excluded). */
export interface Span extends WordLabel {
  /** Index of its first character. */
  start: number;
  /** Index after its last character. */
  end: number;
}

/** A document without its marks, and what they said. */
export interface LabelledText {
  /** The text as a model sees it. */
  text: string;
  /** Marked words, by position. */
  spans: readonly Span[];
  /** Sentences by position: where each starts and its name. The first starts at 0. */
  sentences: readonly { start: number; name: string }[];
}

/** What one token of a generated document is. */
export interface TokenLabel extends Partial<WordLabel> {
  /** Kind of the document, e.g. "two_people". */
  kind: string;
  /** Kind of the sentence, e.g. "gift". */
  sentence: string;
  /** Tokens of the sentence before this one. */
  position: number;
  /** Tokens of the marked word before this one: 0 for " 17" and 1 for "32" of the year 1732. Only with a role. */
  part?: number;
}

/** Returns `text` marked with its role. */
export function mark(
  text: string,
  role: string,
  more: Partial<Omit<WordLabel, "role">> = {},
): string {
  const attributes = Object.entries(more).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `|${key}=${value}`);
  return `{${text}|${role}${attributes.join("")}}`;
}

/** Returns the mark that begins a sentence of this name. */
export const sentence = (name: string): string => `{|sentence=${name}}`;

const MARK = /\{([^{}|]*)\|([^{}]*)\}/g;

/**
 * Takes the marks out of a text.
 * @param unnamed name of sentences that have none
 */
export function readMarks(marked: string, unnamed: string): LabelledText {
  const spans: Span[] = [];
  const sentences: { start: number; name: string }[] = [];
  let text = "", from = 0;
  for (const match of marked.matchAll(MARK)) {
    const [all, word, rest] = match;
    text += marked.slice(from, match.index);
    from = match.index + all.length;
    const [role, ...attributes] = rest.split("|");
    if (role.startsWith("sentence=")) {
      sentences.push({ start: text.length, name: role.slice("sentence=".length) });
      continue;
    }
    const span: Span = { start: text.length, end: text.length + word.length, role, entity: word };
    for (const attribute of attributes) {
      const [key, value] = attribute.split("=");
      if (key === "index") span.index = Number(value);
      else if (key === "number") span.number = value as "singular" | "plural";
      else if (key === "entity") span.entity = value;
      else throw new Error(`unknown attribute "${key}" in the mark ${all}`);
    }
    spans.push(span);
    text += word;
  }
  text += marked.slice(from);
  if (sentences.length === 0 || sentences[0].start > 0) {
    sentences.unshift({ start: 0, name: unnamed });
  }
  return { text, spans, sentences };
}

/**
 * Returns the label of every token of a document. A token belongs to the word that holds its first character that is not
 * a space.
 * @param ids tokens of `document.text`
 */
export function tokenLabels(
  tokenizer: Tokenizer,
  ids: readonly number[],
  kind: string,
  { text, spans, sentences }: LabelledText,
): TokenLabel[] {
  let start = 0, s = 0, w = 0, position = 0, part = 0;
  return ids.map((id) => {
    const end = start + tokenizer.decode([id]).length;
    const at = text[start] === " " && end > start + 1 ? start + 1 : start;
    while (s + 1 < sentences.length && sentences[s + 1].start <= at) {
      s++;
      position = 0;
    }
    while (w < spans.length && spans[w].end <= at) {
      w++;
      part = 0;
    }
    const label: TokenLabel = { kind, sentence: sentences[s].name, position: position++ };
    if (w < spans.length && spans[w].start <= at) {
      const { start: _, end: __, ...word } = spans[w];
      Object.assign(label, word, { part: part++ });
    }
    start = end;
    return label;
  });
}
