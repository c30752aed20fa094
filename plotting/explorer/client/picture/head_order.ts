/**
 * Puts the heads of each layer in columns: by number, or so that heads with one role are in the same columns in all layers.
 *
 * Each role has as many neighbouring columns as its fullest layer has heads, in the order of the page's legend. The other
 * heads take the free columns by number. If the roles need more columns than there are, each layer is sorted by role.
 */
import { allRoles, rolesAt } from "../describe.ts";
import type { Shape } from "../names.ts";
import type { ShownSummary } from "../shown.ts";
import { headName } from "../../../../utils/names/mod.ts";

/** For each layer, the column of each head. */
export type HeadColumns = number[][];

/** Returns the columns by number. */
export function byNumber({ nLayers, nHeads }: Shape): HeadColumns {
  return Array.from({ length: nLayers }, () => Array.from({ length: nHeads }, (_, head) => head));
}

/** Returns the columns by the first role of each head at the last checkpoint. */
export function byRole(summary: ShownSummary): HeadColumns {
  const { shape, checkpoints } = summary;
  const roles = allRoles(summary);
  const last = checkpoints.at(-1)?.step ?? 0;
  const roleOf = (layer: number, head: number) =>
    roles.indexOf(rolesAt(summary, last, headName([layer, head]))[0]);
  const table = byNumber(shape).map((heads, layer) => heads.map((head) => roleOf(layer, head)));
  return columnsOf(table, roles.length);
}

/** Returns the columns for a table of roles: by layer and head, the number of a role, −1 for none. */
export function columnsOf(table: readonly (readonly number[])[], roles: number): HeadColumns {
  const widths = Array.from(
    { length: roles },
    (_, role) => Math.max(0, ...table.map((layer) => layer.filter((r) => r === role).length)),
  );
  const starts = widths.map((_, role) => widths.slice(0, role).reduce((sum, w) => sum + w, 0));
  const fits = widths.reduce((sum, w) => sum + w, 0) <= (table[0]?.length ?? 0);
  return table.map((layer) => {
    const columns = new Array<number>(layer.length).fill(-1);
    if (!fits) {
      const rank = (head: number) => layer[head] < 0 ? roles : layer[head];
      layer.map((_, head) => head).sort((a, b) => rank(a) - rank(b) || a - b)
        .forEach((head, column) => columns[head] = column);
      return columns;
    }
    const next = [...starts];
    layer.forEach((role, head) => {
      if (role >= 0) columns[head] = next[role]++;
    });
    const taken = new Set(columns);
    const free = layer.map((_, column) => column).filter((column) => !taken.has(column));
    return columns.map((column) => column < 0 ? free.shift()! : column);
  });
}
