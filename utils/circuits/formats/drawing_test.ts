import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { Resvg } from "@resvg/resvg-js";
import type { CircuitEdge } from "../../results/kinds/circuit_summary.ts";
import { circuitDot } from "./circuit_dot.ts";
import { circuitEdges, scoreRange } from "../graph/circuit_edges.ts";
import { drawCircuit, svgToPng, writeCircuitPicture } from "./drawing.ts";
import { readGraphJson } from "./graph_json.ts";
import { randomOrder, randomScores } from "../choice/random_circuit.ts";
import { maskOf } from "../choice/selection.ts";

const SHAPE = { nLayers: 2, nHeads: 2, parallel: true };
const CIRCUIT: CircuitEdge[] = [
  { source: "input", target: "a0.h1", letter: "q", score: 2 },
  { source: "input", target: "a0.h1", letter: "k", score: -1 },
  { source: "input", target: "m0", letter: null, score: 0.1 },
  { source: "a0.h1", target: "a1.h0", letter: "v", score: 0.5 },
  { source: "m0", target: "logits", letter: null, score: -4 },
  { source: "a1.h0", target: "logits", letter: null, score: 1 },
];

/** Returns the edges of a Graphviz SVG in painting order: title, colour, width, dash. */
function drawnEdges(svg: string) {
  return [...svg.matchAll(/<g id="edge\d+" class="edge">\n<title>(.*?)<\/title>\n(<path [^>]*>)/g)]
    .map(([, title, path]) => {
      const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(path)?.[1];
      return {
        name: title.replaceAll("&#45;", "-").replaceAll("&gt;", ">"),
        color: attribute("stroke"),
        width: Number(attribute("stroke-width") ?? 1),
        dashed: attribute("stroke-dasharray") !== undefined,
      };
    });
}

Deno.test("drawCircuit() uses the field's colours and EAP-IG's widths, strong edges on top", async () => {
  const svg = await drawCircuit(SHAPE, CIRCUIT, { range: { min: 0, max: 5 } });
  const edges = drawnEdges(svg);
  const widths = Object.fromEntries(
    edges.map((e) => [`${e.name} ${e.color?.toLowerCase()}`, e.width]),
  );
  assertEquals(widths, {
    "input->a0.h1 #cf2fa6": 2,
    "input->a0.h1 #2b9a55": 1,
    "input->m0 #596069": 0.6,
    "a0.h1->a1.h0 #3c63dd": 0.6,
    "m0->logits #596069": 4,
    "a1.h0->logits #596069": 1,
  });
  assertEquals(edges.map((e) => e.width), edges.map((e) => e.width).sort((a, b) => a - b));
});

Deno.test("drawCircuit() dashes the edges with a negative score, and no others, in every palette", async () => {
  for (
    const [palette, key, other] of [
      ["field", "#2b9a55", "#596069"],
      ["colorblind", "#b98500", "#596069"],
    ] as const
  ) {
    const svg = await drawCircuit(SHAPE, CIRCUIT, { palette });
    assertEquals(
      drawnEdges(svg).filter((e) => e.dashed).map((e) => [e.name, e.color]).sort(),
      [["input->a0.h1", key], ["m0->logits", other]],
    );
    assert(svg.includes("dashed: negative"));
  }
});

Deno.test("drawCircuit() has input at the bottom, names as the page, and escapes the title", async () => {
  const svg = await drawCircuit(SHAPE, CIRCUIT, { title: `a <b> & "c"` });
  const height = (text: string) =>
    Number(new RegExp(` y="(-?[\\d.]+)"[^>]*>${text}</text>`).exec(svg)?.[1] ?? NaN);
  const order = ["logits", "1\\.0", "0\\.1", "input"].map(height);
  assertEquals(order, order.toSorted((a, b) => a - b));
  assertEquals(height("0\\.1"), height("M0"));
  assert(Math.abs(height("layer 0") - height("M0")) < 3);
  assert(svg.includes("a &lt;b&gt; &amp; "));
});

Deno.test("drawCircuit() orders the nodes of a row as the page does: heads by number, the MLP in the middle", async () => {
  const shape = { nLayers: 1, nHeads: 5, parallel: true };
  // strong edges between the ends of the row would reorder it
  const heads = [4, 0, 3, 1, 2].map((head) => `a0.h${head}`);
  const circuit: CircuitEdge[] = ["m0", ...heads].flatMap((node, i) => [
    { source: "input", target: node, letter: node === "m0" ? null : "v" as const, score: 5 - i },
    { source: node, target: "logits", letter: null, score: i + 1 },
  ]);
  const svg = await drawCircuit(shape, circuit);
  const place = (text: string) =>
    Number(new RegExp(` x="(-?[\\d.]+)"[^>]*>${text}</text>`).exec(svg)![1]);
  const row = ["0\\.0", "0\\.1", "0\\.2", "M0", "0\\.3", "0\\.4"].map(place);
  assertEquals(row, row.toSorted((a, b) => a - b));
});

Deno.test("drawCircuit() gives MLPs of sequential models a row of their own", () => {
  const { dot } = circuitDot({ ...SHAPE, parallel: false }, CIRCUIT);
  assert(
    dot.includes(`{rank=same; "attention 0"; "a0.h1"}`) &&
      dot.includes(`{rank=same; "MLP 0"; "m0"}`),
  );
});

Deno.test("circuitDot() places the heads of large circuits in a grid", async () => {
  const shape = { nLayers: 6, nHeads: 8, parallel: true };
  const scores = randomScores(shape, 0);
  const mask = maskOf(shape, randomOrder(shape, 0), 1600);
  const circuit = circuitEdges(shape, scores, mask);
  const { dot, engine } = circuitDot(shape, circuit, { range: scoreRange(shape, scores) });
  assertEquals(engine, "neato");
  const place = (name: string) =>
    /pos="(\S+),(\S+)!"/.exec(dot.split(`\n"${name}" [`)[1])!.slice(1, 3);
  assertEquals(place("a3.h5")[1], place("a3.h2")[1]);
  assertEquals(place("a3.h5")[0], place("a1.h5")[0]);
  const edges = drawnEdges(await drawCircuit(shape, circuit));
  assertEquals(edges.length, 1600);
});

Deno.test("drawCircuit() is deterministic and draws an empty circuit", async () => {
  assertEquals(await drawCircuit(SHAPE, CIRCUIT), await drawCircuit(SHAPE, CIRCUIT));
  for (const legend of [true, false]) {
    assert((await drawCircuit(SHAPE, [], { legend })).includes("</svg>"));
  }
  assertThrows(
    () => circuitDot(SHAPE, [{ source: "m9", target: "logits", letter: null, score: 1 }]),
    Error,
    "m9",
  );
});

Deno.test("svgToPng() shows labels without any font of the machine", async () => {
  const box = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">` +
    `<text x="5" y="15" font-family="Helvetica,sans-Serif" font-size="12">${text}</text></svg>`;
  assertNotEquals(await svgToPng(box("a0.h1")), await svgToPng(box("")));
  assertNotEquals(await svgToPng(box("a0.h1")), await svgToPng(box("a0.h2")));
  const withoutFonts = (text: string) =>
    new Resvg(box(text), { font: { loadSystemFonts: false } }).render().asPng();
  assertEquals(withoutFonts("a0.h1"), withoutFonts(""), "without a font nothing is drawn");
});

Deno.test("writeCircuitPicture() writes SVG and PNG of a reference circuit", async () => {
  const url = new URL("../../../tests/reference/neox/greedy_60.json", import.meta.url);
  const { shape, scores, mask } = await readGraphJson(url.pathname);
  const circuit = circuitEdges(shape, scores, mask);
  assertEquals(circuit.length, 53);
  const dir = await Deno.makeTempDir();
  await writeCircuitPicture(`${dir}/c.svg`, shape, circuit);
  await writeCircuitPicture(`${dir}/c.png`, shape, circuit);
  assertEquals(drawnEdges(await Deno.readTextFile(`${dir}/c.svg`)).length, 53);
  assertEquals(
    [...(await Deno.readFile(`${dir}/c.png`)).subarray(1, 4)],
    [..."PNG"].map((c) => c.charCodeAt(0)),
  );
  await assertRejects(
    () => writeCircuitPicture(`${dir}/c.gif`, shape, circuit),
    Error,
    ".svg or .png",
  );
  await Deno.remove(dir, { recursive: true });
});

Deno.test("drawCircuit() says that an empty circuit has no edges", async () => {
  const svg = await drawCircuit(SHAPE, [], { title: "pythia, ioi, step 0" });
  assert(svg.includes("step 0: no edges") && !svg.includes("query"));
  const told = await drawCircuit(SHAPE, [], { title: "step 0", empty: "nothing <here>" });
  assert(told.includes("step 0: nothing &lt;here&gt;"));
});
