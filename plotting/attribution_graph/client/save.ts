/**
 * Saves the graph as SVG, PNG and JSON, prints it, and reads pins, groups and labels of a JSON again. The JSON has
 * Neuronpedia's schema, with the marks in `qParams`, so that Neuronpedia and circuit-tracer's viewer show them.
 */
import { neuronpediaGraph } from "../../../utils/graphs/mod.ts";
import type { NeuronpediaGraph } from "../../../utils/results/mod.ts";
import {
  byId,
  type HeadingLine,
  pngOf,
  printSvg,
  saveFile,
  standaloneSvg,
  svg,
  themeValue,
} from "../../page/client/mod.ts";
import { visibleText } from "./names.ts";
import type { GraphModel } from "./page_model.ts";
import { curveOf, strengthOf } from "./picture/edges.ts";
import type { GraphView } from "./picture/graph_view.ts";
import { type Marks, marksOf, type QParams, qParamsOf, type State, type Store } from "./state.ts";

/** Attributes of the pictures that only the page uses. */
const PAGE_ONLY = ["data-node", "data-group", "data-item"];

/** Connects the buttons. @param current the graph that is shown */
export function connectSaving(
  store: Store,
  current: () => { model: GraphModel; view: GraphView },
): void {
  const stem = () => current().model.data.slug.replaceAll(/[^\w.-]+/g, "_");
  const subgraph = () => byId<SVGSVGElement>("subgraph");
  const on = (id: string, action: () => void | Promise<void>) =>
    byId(id).addEventListener("click", action);
  on(
    "save-svg",
    () =>
      withEdges(
        current().view,
        (picture) =>
          saveFile(
            `${stem()}.svg`,
            [standaloneSvg(picture, PAGE_ONLY, headingOf(current().model))],
            "image/svg+xml",
          ),
      ),
  );
  on(
    "save-png",
    () =>
      withEdges(
        current().view,
        async (picture) =>
          saveFile(
            `${stem()}.png`,
            [await pngOf(picture, PAGE_ONLY, headingOf(current().model))],
            "image/png",
          ),
      ),
  );
  on(
    "save-pdf",
    () =>
      withEdges(
        current().view,
        (picture) =>
          printSvg(standaloneSvg(picture, PAGE_ONLY, headingOf(current().model)), stem()),
      ),
  );
  on("save-json", () => {
    const json = JSON.stringify(graphJson(current().model, store.state), null, 1);
    saveFile(`${stem()}.json`, [json], "application/json");
  });
  on(
    "save-subgraph-svg",
    () =>
      saveFile(`${stem()}_subgraph.svg`, [standaloneSvg(subgraph(), PAGE_ONLY)], "image/svg+xml"),
  );
  on(
    "save-subgraph-png",
    async () =>
      saveFile(`${stem()}_subgraph.png`, [await pngOf(subgraph(), PAGE_ONLY)], "image/png"),
  );

  const input = byId<HTMLInputElement>("load-file"), told = byId("loaded");
  on("load-json", () => input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files ?? [];
    input.value = "";
    if (!file) return;
    const { marks, message } = readMarks(current().model, await file.text(), file.name);
    if (marks) store.set(marks);
    told.textContent = message;
    told.classList.toggle("failed", !marks);
  });
}

/** Returns the lines above a saved picture: the prompt, the answer, and what the lines mean. */
function headingOf({ data }: GraphModel): HeadingLine[] {
  const answers = data.targets.map(({ label }) => visibleText(label)).join(", ");
  const sign = (name: `--${string}`, text: string) => [
    { text: "——\u00a0", colour: themeValue(name) },
    { text: `${text}\u00a0\u00a0\u00a0` },
  ];
  return [
    { size: 15, pieces: [{ text: visibleText(data.prompt, 90) }] },
    { size: 11, pieces: [{ text: `${answers}. ${data.about}` }] },
    {
      size: 11,
      pieces: [...sign("--plus", "raises"), ...sign("--minus", "lowers, dashed")],
    },
  ];
}

/** Puts the edges into the picture as paths while it is saved; on the page they are on canvases. */
async function withEdges(
  view: GraphView,
  save: (picture: SVGSVGElement) => void | Promise<void>,
): Promise<void> {
  const picture = byId<SVGSVGElement>("graph");
  const { layout, view: { scale: k, x, y }, edges, largest } = view.drawn();
  const layer = svg("g", { class: "saved-edges" });
  for (const edge of [...edges].sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight))) {
    const curve = curveOf(layout, edge);
    if (!curve) continue;
    const at = curve.map((value, i) => (k * value + (i % 2 === 0 ? x : y)).toFixed(1));
    const strength = strengthOf(edge.weight, largest);
    const path = svg("path", {
      class: edge.weight < 0 ? "negative" : "positive",
      d: `M${at[0]} ${at[1]}C${at.slice(2).join(" ")}`,
    });
    path.style.strokeWidth = `${(0.7 + 3.6 * strength).toFixed(2)}px`;
    path.style.strokeOpacity = (0.2 + 0.65 * strength).toFixed(2);
    layer.append(path);
  }
  picture.querySelector(".nodes")!.before(layer);
  try {
    await save(picture);
  } finally {
    layer.remove();
  }
}

/** Returns the pruned graph of a state in Neuronpedia's schema, with its marks. */
export function graphJson(model: GraphModel, state: State): NeuronpediaGraph {
  const { data, graph, shares, influence } = model;
  const { nodes, edges } = model.prune(state.nodeThreshold, state.edgeThreshold);
  const vocabulary = data.details?.vocabulary ?? 1 + Math.max(...data.tokens);
  const json = neuronpediaGraph(graph, { nodes, edges, shares, influence }, {
    slug: data.slug.replaceAll(/[^\w.-]+/g, "_").replace(/^\.+/, "") || "graph",
    scan: data.about,
    tokens: data.tokenTexts,
    prompt: data.prompt,
    tokenText: (token) => {
      const { label } = data.targets.find((target) => target.token === token)!;
      return unquoted(label);
    },
    vocabulary,
    pruning: { nodeThreshold: state.nodeThreshold, edgeThreshold: state.edgeThreshold },
  });
  const q = qParamsOf(state, (id) => fileId(model, id, vocabulary, json));
  return {
    ...json,
    qParams: {
      ...json.qParams,
      ...q,
      clickedId: state.clicked ? fileId(model, state.clicked, vocabulary, json) : "",
    },
  };
}

/** Returns the id that a node of the page has in the JSON. */
function fileId(
  { byId, data }: GraphModel,
  id: string,
  vocabulary: number,
  { nodes }: NeuronpediaGraph,
): string {
  const { kind, layer, position, index } = byId.get(id)!;
  if (kind === "target") {
    return `${data.layers + 1}_${data.targets[index].token ?? vocabulary + index}_${position}`;
  }
  if (kind === "error" && !nodes.some(({ node_id }) => node_id === id)) {
    return `0_${layer}_${position}`;
  }
  return id;
}

/** Returns the token of a label such as `logit " Mary"`. */
function unquoted(label: string): string {
  try {
    return String(JSON.parse(label.replace(/^logit /, "")));
  } catch {
    return label;
  }
}

/** Reads the marks of a JSON; says what was read, or why nothing was. */
export function readMarks(
  model: GraphModel,
  text: string,
  name: string,
): { marks?: Marks; message: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { message: `${name} is not JSON; expected a graph that this page saved` };
  }
  const q = (json as { qParams?: unknown } | null)?.qParams as Partial<QParams> | undefined;
  const texts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((item) => typeof item === "string");
  if (!q || !texts(q.pinnedIds) || !Array.isArray(q.supernodes) || !q.supernodes.every(texts)) {
    return {
      message:
        `${name} does not have qParams with pinnedIds and supernodes; expected a graph in Neuronpedia’s schema`,
    };
  }
  const { pinnedIds, supernodes, clerps } = q;
  const marks = marksOf(model, { pinnedIds, supernodes, clerps });
  const named = new Set([...pinnedIds, ...supernodes.flatMap(([, ...ids]) => ids)]).size;
  const unknown = named - marks.pins.length;
  return {
    marks,
    message:
      `${name}: ${marks.pins.length} pins, ${marks.groups.length} groups, ${
        Object.keys(marks.labels).length
      } labels` +
      (unknown > 0 ? `; ${unknown} nodes are not in this graph` : ""),
  };
}
