/** The list of features: only the rows in sight are in the page, so thousands of features cost nothing. */
import { html, number, oncePerFrame, onResize, svg } from "../../page/client/mod.ts";
import { shownToken } from "./dashboard_data.ts";
import { BEYOND, floorOf, type ListedFeature, valueOf } from "./search.ts";

/** Height of a row in pixels; `styles/list.css` has the same. */
const ROW = 46;
/** Rows beyond the edges that are in the page, too. */
const MARGIN = 6;

/** The list. */
export interface FeatureList {
  /** Shows these features. @param key what their bars show */
  show(features: readonly ListedFeature[], key: string): void;
  /** Marks a feature, and scrolls to it where it is out of sight. */
  select(listed: ListedFeature | undefined): void;
}

/** Makes the list in an element. @param open called when a feature is chosen */
export function createFeatureList(
  box: HTMLElement,
  open: (listed: ListedFeature) => void,
): FeatureList {
  const inner = html("div", { class: "rows" });
  box.replaceChildren(inner);
  let features: readonly ListedFeature[] = [], key = "rule", selected: ListedFeature | undefined;

  function draw() {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - MARGIN);
    const end = Math.min(
      features.length,
      Math.ceil((box.scrollTop + box.clientHeight) / ROW) + MARGIN,
    );
    inner.replaceChildren(...features.slice(first, end).map((listed, i) => row(listed, first + i)));
    const index = selected ? features.indexOf(selected) : -1;
    if (index >= first && index < end) box.setAttribute("aria-activedescendant", `row-${index}`);
    else box.removeAttribute("aria-activedescendant");
  }

  function row(listed: ListedFeature, index: number): HTMLElement {
    const { feature, tokens, name } = listed;
    const rule = key === "label" ? listed.label : listed.rule;
    const shown = tokens.slice(0, 5).flatMap((
      text,
    ) => [html("bdi", {}, shownToken(text.trim() || text)), " "]);
    const dead = feature.firings === 0;
    const element = html(
      "div",
      {
        class: dead ? "row dead" : "row",
        id: `row-${index}`,
        role: "option",
        "aria-selected": String(listed === selected),
        "aria-setsize": features.length,
        "aria-posinset": index + 1,
        "data-feature": name,
        style: `top:${index * ROW}px`,
      },
      html("span", { class: "row-name" }, name),
      html("span", { class: "row-tokens" }, ...(dead ? ["never fired"] : shown)),
      html("span", { class: "row-rule" }, rule),
      score(listed),
    );
    element.addEventListener("click", () => open(listed));
    return element;
  }

  function score(listed: ListedFeature): HTMLElement {
    const by = key === "name" || key === BEYOND ? "rule" : key;
    const value = valueOf(listed, by), floor = floorOf(listed, by);
    const text = value === null
      ? "–"
      : by === "firings"
      ? number(value)
      : value.toFixed(2).replace("-", "−");
    const isShare = listed.feature.scores?.[by] !== undefined;
    const at = (share: number) => Math.min(1, Math.max(0, share)) * 48;
    return html(
      "span",
      { class: "row-score" },
      text,
      ...(isShare && value !== null
        ? [svg(
          "svg",
          { width: 50, height: 6, viewBox: "0 0 50 6", "aria-hidden": "true" },
          svg("line", { class: "track", x1: 0, x2: 48, y1: 3, y2: 3 }),
          svg("line", { class: "score", x1: 0, x2: at(value), y1: 3, y2: 3 }),
          ...(floor === null
            ? []
            : [svg("line", { class: "floor", x1: at(floor), x2: at(floor), y1: 0, y2: 6 })]),
        )]
        : []),
    );
  }

  box.addEventListener("scroll", oncePerFrame(draw), { passive: true });
  onResize(box, draw);
  return {
    show(list, by) {
      features = list;
      key = by;
      inner.style.height = `${features.length * ROW}px`;
      draw();
    },
    select(listed) {
      selected = listed;
      const index = listed ? features.indexOf(listed) : -1;
      if (index >= 0) {
        const top = index * ROW;
        const { top: boxTop } = box.getBoundingClientRect();
        const height = Math.min(box.clientHeight, innerHeight - boxTop);
        const below = top + ROW - (box.scrollTop + height);
        const far = below > ROW || top < box.scrollTop - ROW;
        if (far) box.scrollTop = top - height / 2;
        else if (below > 0) box.scrollTop += below;
        else box.scrollTop = Math.min(box.scrollTop, top);
      }
      draw();
    },
  };
}
