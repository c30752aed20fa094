import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type AttentionPatternFile, packPatterns } from "../../utils/results/mod.ts";
import { buildExplorer } from "./page.ts";
import { browserTest, withPage } from "../testing/browser.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";

const HEADS = 24;
const HOSTILE = ["</script><b>", "\u202Eabc", "\u0000", "x".repeat(10_000), "\n"];

/** Patterns in which head h puts h / 100 on the first token and the rest on the query itself. */
function madeUp(steps: readonly number[]): AttentionPatternFile {
  const tokens = [["When", " Mary", " and", " John", " to"], HOSTILE];
  const patterns = tokens.map(({ length }) =>
    packPatterns(Uint8Array.from(
      Array.from({ length: HEADS }, (_, h) => {
        const first = Math.round(255 * h / 100);
        return Array.from(
          { length },
          (_, q) => Array.from({ length: q + 1 }, (_, k) => k === q ? 255 - first : k ? 0 : first),
        ).flat();
      }).flat(),
    ))
  );
  return {
    prompts: tokens.map((list, i) => ({
      tokens: list,
      correct: " Mary",
      wrong: " John",
      marks: { IO: 1 + i, END: list.length - 1 },
    })),
    steps: Object.fromEntries(steps.map((step) => [step, { metric: [2.5, -1], patterns }])),
  };
}

browserTest("explorer: shows where the pinned head attends, on each stored prompt", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 60 });
  const last = summary.checkpoints.at(-1)!;
  const head = last.nodes.find((name) => /^a[1-3]\./.test(name))!;
  const [, layer, number] = /^a(\d+)\.h(\d+)$/.exec(head)!.map(Number);
  const share = (6 * layer + number) / 100;
  const file = madeUp(summary.checkpoints.slice(1).map(({ step }) => step));
  return withPage(
    buildExplorer(summary, { attention: file }),
    async ({ page, errors, requests }) => {
      const text = async (selector: string) => (await page.textContent(selector))!;
      assertStringIncludes(await text("#attention-note"), "Click a head");
      assertEquals(await page.isVisible("#attention-body"), false);
      await page.fill("#search", `${layer}.${number}`);
      await page.waitForSelector("#attention-body", { state: "visible" });
      assertStringIncludes(await text("#attention-title"), `head ${layer}.${number}`);
      const shares = () => page.locator("#attention-tokens .token i").allTextContents();
      assertEquals(await shares(), [share, 0, 0, 0, 1 - share].map((x) => x.toFixed(2)));
      assertEquals(await page.locator("#attention-matrix .attention-cell").count(), 15);
      assertStringIncludes(await text("#prompt-metric"), "2.5");
      // END → first token, the previous token, IO and itself, over both prompts
      const row = page.locator("#attention-roles tbody tr").last().locator("td");
      assertEquals(
        await row.allTextContents(),
        [share, 0, 0, 1 - share].map((x) => x.toFixed(2)),
      );
      await page.click("#attention-tokens .token >> nth=1");
      await page.waitForFunction(() => location.hash.includes("query=1"));
      await page.waitForFunction(() =>
        document.querySelectorAll("#attention-tokens .token")[1].classList.contains("query")
      );
      assertEquals((await shares()).slice(0, 2), [share, 1 - share].map((x) => x.toFixed(2)));
      await page.click("#prompt-next");
      await page.waitForFunction(() =>
        document.getElementById("prompt-count")!.textContent === "prompt 2 of 2"
      );
      assertStringIncludes(await text("#attention-tokens"), "</script><b>");
      assert(
        !(await text("#attention-tokens")).includes("x".repeat(50)),
        "a long token is not cut",
      );
      await page.waitForFunction(() => location.hash.includes("prompt=2"));
      await page.fill("#slider", "0");
      await page.waitForFunction(() =>
        document.getElementById("attention-note")!.textContent!.includes("no attention patterns")
      );
      await page.fill("#search", "m0");
      await page.waitForFunction(() =>
        document.getElementById("attention-note")!.textContent!.startsWith("Only heads")
      );
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= 800, `the page is ${wide} pixels wide in a window of 800`);
      assertEquals(errors, []);
      assertEquals(requests, []);
    },
    { width: 800 },
  );
});

browserTest("explorer: without patterns, says which command adds them", () =>
  withPage(
    buildExplorer(formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 30 })),
    async ({ page, errors }) => {
      assertStringIncludes((await page.textContent("#attention-note"))!, "--attention-prompts 8");
      assertEquals(errors, []);
    },
  ));
