/** Opens the served index in a browser: search, keyboard, themes; follows a link; keeps labels with the server. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { buildPage } from "../page/mod.ts";
import { LabelsFile, requestHandler } from "./mod.ts";

/** Serves a folder with two circuit summaries, and pages of the test's own by path. */
async function served(
  pages: Record<string, string>,
  use: (address: URL, root: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  for (const task of ["ioi", "greater_than"]) {
    const folder = join(root, "graphs/tiny", task);
    await Deno.mkdir(folder, { recursive: true });
    const summary = { ...formingCircuit(), task };
    await Deno.writeTextFile(join(folder, "summary.json"), JSON.stringify(summary));
  }
  for (const [name, page] of Object.entries(pages)) {
    await Deno.writeTextFile(join(root, name), page);
  }
  const handler = requestHandler({ root, labels: new LabelsFile(join(root, "labels.json")) });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  try {
    await use(new URL(`http://127.0.0.1:${server.addr.port}/`), root);
  } finally {
    await server.shutdown();
    await Deno.remove(root, { recursive: true });
  }
}

for (const [width, dark] of [[800, false], [1500, true], [2560, false]] as const) {
  browserTest(
    `the index finds results and opens their pages (${width} px${dark ? ", dark" : ""})`,
    () =>
      served(
        { "<script><b>.svg": "<svg/>" },
        (address) =>
          withPage(address, async ({ page, errors, requests }) => {
            const rows = page.locator("main section tr");
            assertEquals(await rows.count(), 2);
            assertEquals(await page.textContent("#count"), "2 of 2 result files");
            await page.keyboard.press("/");
            await page.keyboard.type("greater");
            assertEquals(await rows.count(), 1);
            assertEquals(await page.textContent("#count"), "1 of 2 result files");
            await waitForAddress(page, "#q=greater");
            await page.reload();
            assertEquals(await rows.count(), 1);
            const fits = await page.evaluate(() =>
              document.documentElement.scrollWidth <= innerWidth
            );
            assertEquals(fits, true);
            await page.click("text=Circuit explorer");
            await page.waitForSelector("#circuit .node");
            await waitForAddress(page, "/page/explorer/graphs/tiny/greater_than/summary.json");
            await page.goto(`${address}figure/edges_over_time`);
            await page.waitForSelector(".main-svg");
            assertEquals(errors, []);
            assertEquals(requests, []);
          }, { width, dark }),
      ),
  );
}

browserTest("labels of a served page are kept by the server, with those of another page", () => {
  const html = buildPage({
    title: "labels",
    styles: [],
    body: '<button id="add">add</button><output id="shown"></output>',
    data: {},
    script: new URL("../testing/labels_page.ts", import.meta.url),
  }).replace("<head>", '<head><meta name="labels" content="/api/labels">');
  return served(
    { "a.html": html, "b.html": html },
    (address, root) =>
      withPage(new URL("/files/a.html#first", address), async ({ page, errors }) => {
        const shown = (text: string) =>
          page.waitForSelector(`#shown:text-is(${JSON.stringify(text)})`);
        await shown("server: {}");
        const other = await page.context().browser()!.newPage();
        await other.goto(`${address}files/b.html#second`);
        await other.waitForSelector('#shown:text-is("server: {}")');
        await other.click("#add");
        await other.waitForSelector(`#shown:text-is('server: {"second":"1"}')`);
        // This page has an old version of the labels: its change is applied again.
        await page.click("#add");
        await shown('server: {"second":"1","first":"1"}');
        const { scopes } = JSON.parse(await Deno.readTextFile(join(root, "labels.json")));
        assertEquals(scopes, [{ scope: "test", labels: { second: "1", first: "1" }, groups: [] }]);
        await other.close();
        // The browser reports the refused change of the old version.
        assertEquals(errors.filter((error) => !/412/.test(error)), []);
      }),
  );
});

browserTest("labels of a page from disk are kept by the browser", () => {
  const html = buildPage({
    title: "labels",
    styles: [],
    body: '<button id="add">add</button><output id="shown"></output>',
    data: {},
    script: new URL("../testing/labels_page.ts", import.meta.url),
  });
  return withPage(html, async ({ page, errors, requests }) => {
    await page.waitForSelector('#shown:text-is("browser: {}")');
    await page.click("#add");
    await page.waitForSelector(`#shown:text-is('browser: {"page":"1"}')`);
    await page.reload();
    await page.waitForSelector(`#shown:text-is('browser: {"page":"1"}')`);
    assertEquals(errors, []);
    assertEquals(requests, []);
  });
});
