/** Makes the index page: every result file below a folder, with links to its pages. */
import { basename } from "@std/path";
import { buildPage, escapeHtml, fillTemplate, KIT_STYLES } from "../page/mod.ts";
import type { IndexData } from "./catalogue.ts";

const here = (path: string) => new URL(path, import.meta.url);

/** Returns the HTML of the index of a folder. */
export function buildIndex(data: IndexData, root: string): string {
  return buildPage({
    title: `Results in ${basename(root)}`,
    styles: [
      KIT_STYLES.theme,
      KIT_STYLES.base,
      KIT_STYLES.controls,
      here("./index.css"),
    ],
    body: fillTemplate(Deno.readTextFileSync(here("./index.html")), {
      folder: escapeHtml(root),
    }),
    data: { results: data },
    script: here("./client/index.ts"),
  });
}
