/** Says rules in words. */
import type { DashboardRule } from "../../../utils/results/mod.ts";
import { type DashboardData, shownToken, tokenText } from "./dashboard_data.ts";

/** A piece of a rule: words, or a token. */
export type RulePiece = { words: string } | { token: string };

const CLASSES: Record<string, string> = {
  capitalised: "a capitalised word",
  word: "a word",
  continuation: "the continuation of a word",
  digits: "a number",
  punctuation: "punctuation",
};

const named = (text: string | number) => String(text).replaceAll("_", " ");

/** Returns a rule in pieces; pieces of two predicates are joined by "and". */
export function rulePieces(
  data: Pick<DashboardData, "vocabulary">,
  { predicates }: Pick<DashboardRule, "predicates">,
): RulePiece[] {
  return predicates.flatMap(([kind, value], i) => [
    ...(i > 0 ? [{ words: " and " }] : []),
    ...predicatePieces(data, kind, value),
  ]);
}

function predicatePieces(
  data: Pick<DashboardData, "vocabulary">,
  kind: string,
  value: number | string,
): RulePiece[] {
  const token = (words: string) => [{ words }, { token: tokenText(data, Number(value)) }];
  const words = (text: string) => [{ words: text }];
  switch (kind) {
    case "token":
      return token("the token is ");
    case "previous":
      return token("the previous token is ");
    case "before_previous":
      return token("the token two before is ");
    case "after_seen":
      return token("the token was last followed by ");
    case "class":
      return words(`the token is ${CLASSES[value] ?? named(value)}`);
    case "previous_class":
      return words(`the previous token is ${CLASSES[value] ?? named(value)}`);
    case "position":
      return words(`the position in the row is ${value}`);
    case "document":
      return words(`the position in the document is ${value}`);
    case "seen":
      return words(
        value === "before"
          ? "the token was in the document before"
          : "the token is new in the document",
      );
    case "kind":
      return words(`the document is of kind ${named(value)}`);
    case "sentence":
      return words(`the sentence is ${named(value)}`);
    case "role":
      return words(`the word’s role is ${named(value)}`);
    case "next_role":
      return words(
        value === "end_of_text"
          ? "the document ends here"
          : `the next word’s role is ${named(value)}`,
      );
    case "number":
      return words(`the word is ${named(value)}`);
    case "index":
      return words(`the word’s place in its sequence is ${value}`);
    case "part":
      return words(`the token’s place in its word is ${value}`);
    case "place":
      return words(`the token’s place in its sentence is ${value}`);
    default:
      return words(`${named(kind)} is ${named(value)}`);
  }
}

/** Returns a rule as plain text. */
export function ruleText(
  data: Pick<DashboardData, "vocabulary">,
  rule: Pick<DashboardRule, "predicates">,
): string {
  return rulePieces(data, rule)
    .map((piece) => "words" in piece ? piece.words : `“${shownToken(piece.token)}”`).join("");
}
