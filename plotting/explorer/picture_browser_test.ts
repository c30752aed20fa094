import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Page } from "playwright-core";
import { edgeName } from "../../utils/names/mod.ts";
import { buildExplorer } from "./page.ts";
import { circuitPicture } from "./picture.ts";
import { browserTest, withPage } from "../testing/browser.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";

browserTest(
  "explorer: pictures of the circuit have the title, the caption and the step asked for",
  async () => {
    const summary = formingCircuit({ nLayers: 4, nHeads: 4, mostEdges: 30 });
    const html = buildExplorer(summary, {
      title: "Names & places",
      caption: "Made <up> for a test.",
    });
    const view = "#step=2000&view=4,-300,-200";
    const svg = await circuitPicture(html, "svg", { view, width: 900 }) as string;
    assertStringIncludes(svg, "Names &amp; places, step 2,000");
    assertStringIncludes(svg, "Made &lt;up&gt; for a test.");
    assert(
      !/transform="translate\(-?[\d.]+ -?[\d.]+\) scale/.test(svg),
      "the picture is cut by the zoom",
    );
    const pdf = await circuitPicture(html, "pdf", { view, width: 900 }) as Uint8Array;
    const text = new TextDecoder("latin1").decode(pdf);
    assertMatch(text, /^%PDF-/);
    assertEquals(text.match(/\/Type\s*\/Page\b/g)?.length, 1);
  },
);

/** Presses the PDF button, and checks that the browser prints the picture on one page of its width. */
async function printsOnOnePage(page: Page, width: number) {
  await page.evaluate(() =>
    document.addEventListener("load", ({ target }) => {
      const frame = (target as HTMLIFrameElement).contentWindow!;
      frame.print = () => document.body.setAttribute("data-printed", frame.document.title);
    }, true)
  );
  await page.click("#save-pdf");
  await page.waitForSelector('[data-printed="pythia-160m_ioi_step143000"]');
  const printed = await page.context().browser()!.newPage();
  await printed.setContent((await page.getAttribute("#printed", "srcdoc"))!);
  const pdf = new TextDecoder("latin1").decode(await printed.pdf({ preferCSSPageSize: true }));
  await printed.close();
  assertEquals(pdf.match(/\/Type \/Page\b/g)!.length, 1);
  const points = Number(/\/MediaBox \[0 0 ([\d.]+)/.exec(pdf)![1]);
  assertAlmostEquals(points / 0.75, width, 3);
}

browserTest("explorer: exports the circuit as SVG, PNG, PDF and EAP-IG's JSON", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 4, mostEdges: 30, parallel: false });
  return withPage(buildExplorer(summary), async ({ page, errors }) => {
    const save = async (id: string) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(id)]);
      return await Deno.readFile(await download.path());
    };
    const text = new TextDecoder();
    const picture = text.decode(await save("#save-svg"));
    assert(picture.startsWith("<svg") && picture.includes("xmlns="));
    assert(picture.includes("Indirect object identification, step 143,000"), "no title");
    assert(/>\d+ of \d+ edges, faithfulness \d+ %/.test(picture), "no caption");
    assert(["query", "key", "value"].every((name) => picture.includes(name)), "no legend");
    assert(!picture.includes("var(--") && !picture.includes("class="), "styles are missing");
    const png = await save("#save-png");
    assertEquals([...png.slice(1, 4)], [80, 78, 71]);
    const graph = JSON.parse(text.decode(await save("#save-json")));
    const width = Number(/width="(\d+)"/.exec(picture)![1]);
    await printsOnOnePage(page, width);
    assertEquals(graph.cfg, { n_layers: 4, n_heads: 4, parallel_attn_mlp: false });
    assertEquals(Object.keys(graph.edges).length, summary.nEdges);
    const kept = Object.keys(graph.edges).filter((name) => graph.edges[name].in_graph).sort();
    assertEquals(kept, summary.checkpoints.at(-1)!.circuit.map(edgeName).sort());
    assertEquals(Object.values(graph.nodes).length, 2 + 4 * 5);
    assertEquals(errors, []);
  });
});
