/** Shows the index of results: a table for each folder, filtered as the reader types. The address keeps the search. */
import { byId, embedded, html, integer } from "../../page/client/mod.ts";
import type { IndexData, IndexRow, PageLink } from "../catalogue.ts";

const { figures, rows, files } = embedded<IndexData>("results");
const search = byId<HTMLInputElement>("search");

const link = ({ title, href }: PageLink) => html("a", { href }, title);

/** Returns the folder directly below the results folder. */
const sectionOf = ({ path }: IndexRow) =>
  path.includes("/") ? path.slice(0, path.indexOf("/")) : "";

function row({ path, modified, links, kind }: IndexRow): HTMLElement {
  const rest = path.slice(sectionOf({ path } as IndexRow).length).replace(/^\//, "");
  const time = new Date(modified);
  return html(
    "tr",
    {},
    html("td", { title: kind }, rest),
    html("td", { class: "links" }, ...links.map(link)),
    html(
      "td",
      { class: "time" },
      html("time", { datetime: time.toISOString() }, time.toLocaleString()),
    ),
  );
}

/** Returns a list of links that the reader unfolds; nothing for no links. */
function list(title: string, links: readonly PageLink[]): HTMLElement[] {
  if (links.length === 0) return [];
  const items = links.map((each) => html("li", {}, link(each)));
  const summary = html("summary", {}, `${title} (${integer(links.length)})`);
  return [html("details", {}, summary, html("ul", {}, ...items))];
}

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const shown = rows.filter(({ path, kind }) => fits(`${path} ${kind}`));
  const drawn = files.filter(({ title }) => fits(title));
  // The last link is the file itself.
  const paged = shown.filter(({ links }) => links.length > 1);
  const other = shown.filter(({ links }) => links.length === 1);
  const sections = [...new Set(paged.map(sectionOf))].map((name) =>
    html(
      "section",
      {},
      html("h2", { class: "section" }, name.replaceAll("_", " ") || "results"),
      html("table", {}, ...paged.filter((each) => sectionOf(each) === name).map(row)),
    )
  );
  byId("sections").replaceChildren(
    ...sections,
    ...list("Other result files", other.map(({ path, links }) => ({ ...links[0], title: path }))),
    ...list("Pages and pictures", drawn),
  );
  byId("count").textContent = rows.length === 0
    ? "There are no results yet: run a get_*.ts script."
    : `${integer(shown.length)} of ${integer(rows.length)} result files`;
}

byId("figures").replaceChildren(...figures.map(link));
search.value = decodeURIComponent(location.hash.replace(/^#q=/, ""));
search.addEventListener("input", () => {
  history.replaceState(null, "", search.value ? `#q=${encodeURIComponent(search.value)}` : "#");
  show();
});
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});
show();
