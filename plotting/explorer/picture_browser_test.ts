import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildExplorer } from "./page.ts";
import { circuitPicture } from "./picture.ts";
import { browserTest } from "../testing/browser.ts";
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
