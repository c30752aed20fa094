/** Draws an attention pattern as a matrix: a row per attending token, a column per token attended to. */
import { byId, fact, hideTooltip, showTooltip, svg, titled } from "../../../page/client/mod.ts";
import type { PromptPatterns } from "./patterns.ts";

const LABEL = 84;
const MOST_SHOWN = 14;

/** Returns a token as a reader can see it: spaces at its ends cut, line breaks and other invisible characters as signs. */
export function shownToken(token: string): string {
  const text = token.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll(/\p{C}/gu, "�").trim();
  const short = [...text].length > MOST_SHOWN
    ? [...text].slice(0, MOST_SHOWN - 1).join("") + "…"
    : text;
  return short === "" ? "␣" : short;
}

/** Returns a function set that draws the matrix; a click on a row chooses its token. */
export function createMatrix(choose: (query: number) => void) {
  const picture = byId<SVGSVGElement>("attention-matrix");

  function update(pattern: PromptPatterns, head: number, query: number) {
    const { tokens, marks } = pattern;
    const n = tokens.length;
    const cell = Math.max(6, Math.min(20, Math.floor(380 / n)));
    const size = n * cell;
    const named = new Map(Object.entries(marks).map(([name, at]) => [at, name]));
    const font = Math.min(11, cell + 1);
    const labels = tokens.flatMap((token, i) => {
      const words = shownToken(token);
      const strong = named.has(i) ? "named" : "";
      return [
        svg("text", {
          class: `tick ${strong} ${i === query ? "pin" : ""}`,
          x: LABEL - 5,
          y: (i + 0.5) * cell,
          dy: "0.35em",
          "font-size": font,
          "text-anchor": "end",
        }, words),
        svg("text", {
          class: `tick ${strong}`,
          transform: `translate(${LABEL + (i + 0.5) * cell} ${size + 5}) rotate(-60)`,
          dy: "0.35em",
          "font-size": font,
          "text-anchor": "end",
        }, words),
      ];
    });
    const cells = tokens.flatMap((_, q) =>
      tokens.slice(0, q + 1).map((_, k) =>
        svg("rect", {
          class: "attention-cell",
          "data-place": `${q},${k}`,
          x: LABEL + k * cell,
          y: q * cell,
          width: cell - 1,
          height: cell - 1,
          "fill-opacity": pattern.attention(head, q, k).toFixed(3),
        })
      )
    );
    picture.setAttribute("viewBox", `0 0 ${LABEL + size + 2} ${size + LABEL}`);
    picture.setAttribute("width", String(LABEL + size + 2));
    picture.setAttribute("height", String(size + LABEL));
    picture.replaceChildren(
      svg("path", { class: "triangle", d: stairs(n, cell) }),
      ...cells,
      svg("rect", {
        class: "heat-mark",
        x: LABEL - 1,
        y: query * cell - 1,
        width: (query + 1) * cell + 1,
        height: cell + 1,
      }),
      ...labels,
    );
    picture.setAttribute("aria-label", `Attention pattern of ${n} tokens`);
    shown = pattern;
    shownHead = head;
  }

  /** Returns the outline of the lower triangle. */
  function stairs(n: number, cell: number): string {
    let path = `M${LABEL} 0`;
    for (let q = 0; q < n; q++) path += `V${q * cell}H${LABEL + (q + 1) * cell}V${(q + 1) * cell}`;
    return `${path}H${LABEL}Z`;
  }

  let shown: PromptPatterns | undefined;
  let shownHead = 0;
  const placeOf = (event: Event) => {
    const place = (event.target as SVGElement).dataset?.place;
    return place === undefined ? null : place.split(",").map(Number);
  };
  picture.addEventListener("pointermove", (event) => {
    const place = placeOf(event);
    if (!place || !shown) return hideTooltip();
    const [q, k] = place;
    showTooltip(
      event,
      titled(
        `${shownToken(shown.tokens[q])} → ${shownToken(shown.tokens[k])}`,
        fact("attention", shown.attention(shownHead, q, k).toFixed(2)),
      ),
    );
  });
  picture.addEventListener("pointerleave", hideTooltip);
  picture.addEventListener("click", (event) => {
    const place = placeOf(event);
    if (place) choose(place[0]);
  });
  return { update };
}
