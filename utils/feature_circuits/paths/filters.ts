/**
 * Filters for nodes and paths, as text:
 *
 *     type=attn, layer>=1, token!=0        conditions on a node; all must hold
 *     type=mlp <- type=attn,head=3         conditions on neighbours of a path, root first
 *
 * Fields: `type` (mlp, attn, embed, skip), `layer`, `token`, `sublayer`, `head`, `feature`. `type` and `sublayer` know `=` and
 * `!=`. A condition on a field that a node does not have, such as the head of a feature, does not hold.
 */
import { UserError } from "../../base/mod.ts";
import type { Path } from "./greedy_paths.ts";
import { chainName, componentOf, nodeName, type PathNode } from "./path_node.ts";

/** A condition on a node. */
export type NodeFilter = (node: PathNode) => boolean;

const OPERATORS: Record<string, (a: number, b: number) => boolean> = {
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
};
const WORDS: Record<string, readonly string[]> = {
  type: ["mlp", "attn", "embed", "skip"],
  sublayer: ["resid_pre", "resid_mid", "resid_post"],
};
const NUMBERS = ["layer", "token", "head", "feature"];

function fieldOf(node: PathNode, field: string): string | number | undefined {
  const { type, layer, head, feature } = componentOf(node);
  return { type, layer, head, feature, token: node.token, sublayer: node.sublayer }[field];
}

/**
 * Reads a filter for nodes; see the header. An empty text keeps every node.
 * @throws UserError with the condition that cannot be read, and what is expected.
 */
export function parseFilter(text: string): NodeFilter {
  const conditions = text.split(",").map((part) => part.trim()).filter((part) => part !== "")
    .map(parseCondition);
  return (node) => conditions.every((holds) => holds(node));
}

/** Reads filters for neighbours on a path, separated by `<-`. @throws UserError as `parseFilter` does. */
export const parseFilters = (text: string): NodeFilter[] => text.split("<-").map(parseFilter);

function parseCondition(text: string): NodeFilter {
  const [, field = "", operator = "", value = ""] =
    /^(\w+)\s*(!=|>=|<=|=|>|<)\s*([\w-]+)$/.exec(text) ?? [];
  const word = WORDS[field];
  const fits = word
    ? word.includes(value) && ["=", "!="].includes(operator)
    : NUMBERS.includes(field) && /^-?\d+$/.test(value);
  if (!fits) {
    throw new UserError(
      `filter: cannot read "${text}"; expected conditions such as type=mlp, layer>=1, token!=0, head=3, feature=17 ` +
        "(type: mlp, attn, embed, skip; sublayer: resid_pre, resid_mid, resid_post)",
      2,
    );
  }
  const expected = word ? value : Number(value);
  return (node) => {
    const found = fieldOf(node, field);
    if (found === undefined) return false;
    if (operator === "=") return found === expected;
    if (operator === "!=") return found !== expected;
    return OPERATORS[operator](found as number, expected as number);
  };
}

/** Which paths to keep; all conditions must hold. */
export interface PathChoice {
  /** neighbours somewhere on the path */
  infix?: readonly NodeFilter[];
  /** neighbours nowhere on the path */
  notInfix?: readonly NodeFilter[];
  /** neighbours at the end of the path */
  suffix?: readonly NodeFilter[];
}

/** Returns the paths of all lists that fit, in their order. */
export function choosePaths(
  lists: readonly (readonly Path[])[],
  { infix, notInfix, suffix }: PathChoice,
): Path[] {
  const at = (path: Path, filters: readonly NodeFilter[], from: number) =>
    from >= 0 && from + filters.length <= path.length &&
    filters.every((holds, i) => holds(path[from + i]));
  const somewhere = (path: Path, filters: readonly NodeFilter[]) =>
    path.some((_, from) => at(path, filters, from));
  return lists.flat().filter((path) =>
    (!infix || somewhere(path, infix)) && !(notInfix && somewhere(path, notInfix)) &&
    (!suffix || at(path, suffix, path.length - suffix.length))
  );
}

/** A component, or a chain of them, and what it contributes over all paths. */
export interface TopNode {
  /** name of the component */
  name: string;
  /** name of its chain */
  chain: string;
  /** sum of its contributions */
  contribution: number;
}

/**
 * Returns the ends of paths with the largest sums of contributions. Ends with the same chain are one.
 * @param options.token whether positions tell ends apart; default true
 */
export function topEnds(
  lists: readonly (readonly Path[])[],
  { count = 5, token = true, filter }: { count?: number; token?: boolean; filter?: NodeFilter } =
    {},
): TopNode[] {
  const found = new Map<string, TopNode>();
  for (const path of lists.flat()) {
    const end = path[path.length - 1];
    if (filter && !filter(end)) continue;
    const chain = chainName(end, token);
    const top = found.get(chain) ?? { name: nodeName(end, token), chain, contribution: 0 };
    top.contribution += end.contribution ?? 0;
    found.set(chain, top);
  }
  return [...found.values()].sort((a, b) => b.contribution - a.contribution).slice(0, count);
}
