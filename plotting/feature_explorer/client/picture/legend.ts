/** Writes the legend of the picture, with the marks that the picture uses. */
import { byId, html, svg } from "../../../page/client/mod.ts";
import { nodeShape, ringShape, turnShape } from "./node_shape.ts";
import type { Life } from "../run_index.ts";

const R = 5;

function mark(life: Life, options: { error?: boolean; negative?: boolean; extra?: string } = {}) {
  const { error = false, negative = false, extra = "" } = options;
  const body = svg("path", {
    class: `node ${life} ${negative ? "negative" : "positive"} ${extra}`,
    d: nodeShape(life, error, negative, R),
  });
  const group = svg("g", { transform: "translate(9 9)" });
  if (extra.includes("born")) group.append(svg("path", { class: "ring", d: ringShape(R) }));
  if (extra.includes("turned")) group.append(svg("path", { class: "turn", d: turnShape(70, R) }));
  group.append(body);
  return svg("svg", { width: 18, height: 18, "aria-hidden": "true" }, group);
}

const key = (picture: Element, text: string) => html("span", { class: "mark" }, picture, text);

/** Fills the legend. @param colour what colours the edges */
export function writeLegend(colour: "age" | "sign"): void {
  const line = (name: string, text: string) =>
    html("span", { class: "mark" }, html("i", { class: `line-sample ${name}` }), text);
  byId("legend").replaceChildren(
    html(
      "p",
      {},
      key(mark("in"), "in the circuit, raises the metric; stronger fill: larger effect"),
      key(mark("in", { negative: true }), "lowers it"),
      key(mark("in", { error: true }), "the coders’ error"),
      key(mark("out"), "there, outside the circuit"),
      key(mark("unborn"), "not there yet"),
      key(mark("dead"), "gone"),
      key(
        mark("dead", { extra: "died" }),
        "gone since the checkpoint before, whose circuit had it",
      ),
      key(mark("in", { extra: "born" }), "born since the checkpoint before"),
      key(mark("in", { extra: "turned" }), "arc: how far its decoder turned since then"),
    ),
    html(
      "p",
      {},
      line("positive", "positive share"),
      line("negative", "negative share"),
      "width: size of the share; ",
      colour === "age"
        ? html(
          "span",
          { class: "mark" },
          "listed first here ",
          html("i", { class: "age-sample" }),
          " since the first checkpoint",
        )
        : html("span", { class: "mark" }, "blue: positive, orange: negative"),
    ),
  );
}
