/** Tests the dashboards of features beside an attribution graph. */
import { assertEquals } from "@std/assert";
import { browserTest, withPage } from "../testing/browser.ts";
import { madeUpDashboards } from "../testing/made_up_dashboards.ts";
import { madeUpGraph } from "../testing/made_up_graph.ts";
import { buildGraphPage } from "./page.ts";

const dashboards = madeUpDashboards(400);
const digest = dashboards.entries.get(dashboards.header.step)!.coders_digest;

browserTest(
  "graph page: a click on a feature shows its dashboard, if the coders are those of the graph",
  () => {
    const own = { ...madeUpGraph({ slug: "own", layers: 2 }), codersDigest: digest };
    const other = { ...madeUpGraph({ slug: "other", layers: 2 }), codersDigest: "other" };
    const html = buildGraphPage([own, other], undefined, dashboards);
    return withPage(html, async ({ page, errors, requests }) => {
      const node = page.locator("#graph-box .node.feature").first();
      const [layer, feature] = (await node.getAttribute("data-node"))!.split("_");
      await node.click({ force: true });
      const card = page.locator("#node-card .feature-card");
      assertEquals(await card.getAttribute("aria-label"), `Feature ${layer}.${feature}`);
      assertEquals(await card.locator("text=Top examples").count(), 1);
      await page.selectOption("#graphs", { index: 1 });
      await page.locator("#graph-box .node.feature").first().click({ force: true });
      assertEquals(await card.count(), 0);
      assertEquals(
        await page.locator("#node-card .logit-lists, #node-card .quiet").count() > 0,
        true,
      );
      assertEquals(errors, []);
      assertEquals(requests, []);
    });
  },
);
