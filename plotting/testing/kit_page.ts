/** Runs a small page for tests of the page kit: a row of numbered squares that zoom and pan. */
import {
  applyTheme,
  byId,
  choiceField,
  connectChoices,
  createStore,
  embedded,
  enableZoom,
  fact,
  hideTooltip,
  readAddress,
  saveFile,
  showTooltip,
  standaloneSvg,
  svg,
  titled,
  type View,
  writeAddress,
} from "../page/client/mod.ts";

interface State {
  view: View;
  clicked: string;
  palette: "field" | "safe";
}

const numbers = embedded<number[]>("numbers");
const fields = [choiceField<State, "palette">("palette", ["field", "safe"], "field")];
const store = createStore<State>({
  view: { scale: 1, x: 0, y: 0 },
  clicked: "",
  palette: "field",
  ...readAddress(fields, location.hash),
});

const picture = byId<SVGSVGElement>("picture");
const content = picture.appendChild(svg("g", { id: "content" }));
for (const [i, value] of numbers.entries()) {
  const square = svg("rect", { class: "square", x: 40 * i, y: 20, width: 30, height: 30 });
  square.addEventListener("click", () => store.set({ clicked: String(value) }));
  square.addEventListener(
    "pointerenter",
    (event) => showTooltip(event, titled(`Square ${i}`, fact("value", String(value)))),
  );
  square.addEventListener("pointerleave", hideTooltip);
  content.append(square, svg("rect", { class: "hit", x: 40 * i, y: 0, width: 1, height: 1 }));
}

enableZoom(picture, {
  view: () => store.state.view,
  change: (view) => store.set({ view }),
  limits: [0.5, 4],
});
byId("save").addEventListener(
  "click",
  () => saveFile("squares.svg", [standaloneSvg(picture)], "image/svg+xml"),
);
byId("dark").addEventListener("click", () => applyTheme("dark"));

const showChoices = connectChoices(store);

function draw() {
  const { view: { scale, x, y }, clicked, palette } = store.state;
  content.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  byId("clicked").textContent = clicked;
  document.documentElement.dataset.palette = palette;
  showChoices();
  history.replaceState(null, "", writeAddress(fields, store.state));
}

store.subscribe(draw);
draw();
