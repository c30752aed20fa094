/** What get_feature_paths.ts prints: tables of connections, paths and what they leave out. */
import { type Column, printTable } from "../../cli/mod.ts";
import { type NodeBalance, pathText } from "../../feature_circuits/mod.ts";
import { type Connection, type ConnectionEntry, extremes } from "./connections.ts";
import type { FeatureModel } from "./feature_model.ts";
import type { PromptPaths } from "./prompt_paths.ts";
import { tokenText } from "./prompts.ts";

/** Prints the largest and smallest entries of a connection. */
export function printConnection(
  connection: Connection,
  k: number,
  { tokenizer }: Pick<FeatureModel, "tokenizer">,
): void {
  const { name, of, layer } = connection;
  const { largest, smallest } = extremes(connection, k);
  const label = ({ id }: ConnectionEntry) =>
    of === "tokens" ? JSON.stringify(tokenText(tokenizer, id)) : `${layer}.${id}`;
  console.log(`\n${name}`);
  printTable([
    { header: "largest", value: (i: number) => label(largest[i]) },
    { header: "value", value: (i) => largest[i].value, digits: 4 },
    { header: "smallest", value: (i) => label(smallest[i]) },
    { header: "value", value: (i) => smallest[i].value, digits: 4 },
  ], Array.from(largest.keys()));
}

/** Prints norms by layer and head. */
export function printNorms(norms: readonly number[][]): void {
  printTable<number>([
    { header: "layer", value: (layer) => layer },
    ...norms[0].map((_, head): Column<number> => ({
      header: `head ${head}`,
      value: (layer) => norms[layer][head],
    })),
  ], Array.from(norms.keys()));
}

/** Prints the paths of a prompt by length, the graph's edges, and what its nodes receive besides. */
export function printPaths({ chosen, top, edges, balances }: PromptPaths): void {
  const lengths = [...new Set(chosen.map((path) => path.length))].sort((a, b) => a - b);
  for (const length of lengths) {
    console.log(`\npaths of ${length} nodes`);
    for (const path of chosen) if (path.length === length) console.log(`  ${pathText(path)}`);
  }
  if (lengths.length === 0) {
    console.log("\nno path: nothing contributes, or the filters leave none");
    return;
  }
  console.log("\nlargest ends");
  printTable([
    { header: "end", value: ({ chain }: typeof top[number]) => chain },
    { header: "contribution", value: ({ contribution }) => contribution },
  ], top);
  if (edges.length === 0) return;
  console.log("\nedges");
  printTable([
    { header: "from", value: ({ child }: typeof edges[number]) => child },
    { header: "to", value: ({ parent }) => parent },
    { header: "weight", value: ({ weight }) => weight },
  ], edges);
  console.log("\nwhat nodes receive: edges, and the rest by kind");
  const column = (header: string, key: keyof NodeBalance): Column<NodeBalance> => ({
    header,
    value: (balance) => balance[key],
  });
  printTable<NodeBalance>([
    column("node", "name"),
    column("gives", "contribution"),
    column("edges", "edges"),
    column("features", "features"),
    column("heads", "heads"),
    column("position 0", "firstSource"),
    column("embedding", "embedding"),
    column("errors", "errors"),
    column("b_O", "attentionBias"),
    column("b_dec", "coderBias"),
    column("own bias", "ownBias"),
  ], balances);
}
