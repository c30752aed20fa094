import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { HOSTILE, madeUpDashboards } from "../testing/made_up_dashboards.ts";
import { buildDashboards } from "./page.ts";

const PAGE = buildDashboards(madeUpDashboards());

/** Returns the names of the rows in the page, from the top. */
function rowNames() {
  return [...document.querySelectorAll<HTMLElement>("#list .row")].map((row) =>
    row.dataset.feature!
  );
}

/** Returns what the open card says. */
function card() {
  const text = (selector: string) => document.querySelector(`#card ${selector}`)?.textContent ?? "";
  return { title: text(".card-title"), rule: text(".rule-line"), nothing: text(".nothing") };
}

browserTest(
  "dashboards: thousands of features are in the list, and only those in sight in the page",
  () =>
    withPage(PAGE, async ({ page, errors, requests }) => {
      assertEquals(await page.textContent("#count"), "2,000 features");
      const rows = await page.evaluate(rowNames);
      assert(rows.length < 60, `${rows.length} rows`);
      assertEquals(rows[0], "0.99");
      await page.selectOption("#sort", "name");
      await page.locator("#list").evaluate((box) => box.scrollTop = box.scrollHeight);
      await page.waitForFunction(() => document.querySelector('[data-feature="1.999"]') !== null);
      assertEquals((await page.evaluate(rowNames)).at(-1), "1.999");
      await page.click('[data-feature="1.999"]');
      assertEquals((await page.evaluate(card)).title, "Feature 1.999");
      await waitForAddress(page, "f=1.999");
      assertEquals(errors, []);
      assertEquals(requests, []);
    }),
);

browserTest(
  "dashboards: search by token, rule, score and name",
  () =>
    withPage(PAGE, async ({ page, errors }) => {
      const found = async (query: string) => {
        await page.fill("#search", query);
        return (await page.textContent("#count"))!.replace(/ of .*| features/, "");
      };
      // peaks fall on the 12 places of the row in turn: place 1 is " Mary", 84 of 1,000 numbers in each layer
      assertEquals(await found("token:mary"), "168");
      assertEquals(await found("token:mary rule>0.5"), "80");
      assertEquals(await found("label<0"), "0");
      assert(await page.isVisible("#none"));
      // score > .8 at 19 of 100 numbers
      assertEquals(await found("context_free>floor"), "380");
      assertEquals(await found("2.17"), "0");
      assertEquals(await found("1.17"), "11");
      assertEquals(await found('rule:"role is place"'), "1,996");
      assertEquals(await found("logit:mary firings<103"), "6");
      await page.click('[data-set="layer=1"]');
      assertEquals(await found(""), "1,000");
      assertEquals(errors, []);
    }),
);

browserTest("dashboards: keyboard", () =>
  withPage(PAGE, async ({ page, errors }) => {
    await page.selectOption("#sort", "name");
    await page.locator("#sort").blur();
    const title = async () => (await page.evaluate(card)).title;
    await page.keyboard.press("/");
    await page.keyboard.type("0.5");
    await page.keyboard.press("Enter");
    assertEquals(await title(), "Feature 0.5");
    await page.keyboard.press("j");
    assertEquals(await title(), "Feature 0.50");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("k");
    await page.keyboard.press("k");
    assertEquals(await title(), "Feature 0.5");
    await page.keyboard.press("End");
    assertEquals(await title(), "Feature 0.599");
    const selected = page.locator('#list [aria-selected="true"]');
    assertEquals(await selected.getAttribute("data-feature"), "0.599");
    await page.keyboard.press("/");
    await page.keyboard.press("Escape");
    assertEquals(await page.textContent("#count"), "2,000 features");
    assertEquals(errors, []);
  }));

browserTest(
  "dashboards: the card says what a feature fires on, and opens those it is linked with",
  () =>
    withPage(PAGE, async ({ page, errors }) => {
      const { rule } = await page.evaluate(card);
      assertStringIncludes(rule, "Best rule: the token is");
      assertStringIncludes(rule, "and the position in the row is 5");
      assertStringIncludes(rule, "precision 75 %, recall 50 %, F1 0.13");
      const shaded = await page.locator("#card .example").first().locator(".tok[style]")
        .allTextContents();
      assertEquals(shaded, [" Mary", " gave"]);
      assertEquals(await page.locator("#card .example .peak").first().textContent(), " Mary");
      assertEquals(await page.locator("#card .reading").count(), 4);
      assertStringIncludes((await page.textContent("#card .reading-value"))!, "0.13 [0.03, 0.23]");
      await page.hover("#card .example .peak");
      assertStringIncludes((await page.textContent("#tooltip"))!, "2.50");
      await page.click("#card button.link >> text=0.7");
      assertEquals((await page.evaluate(card)).title, "Feature 0.7");
      await page.goBack().catch(() => {});
      assertEquals(errors, []);
    }, { hash: "#f=1.13" }),
);

browserTest(
  "dashboards: features without firings or readings say so",
  () =>
    withPage(PAGE, async ({ page }) => {
      assertEquals((await page.evaluate(card)).nothing, "It never fired on this text.");
      await page.goto(`${page.url().split("#")[0]}#f=0.4`);
      await page.waitForFunction(() =>
        document.querySelector(".card-title")?.textContent === "Feature 0.4"
      );
      assertStringIncludes((await page.evaluate(card)).nothing, "fewer than 8 firings");
      assertEquals(await page.locator("#card .reading").count(), 0);
    }, { hash: "#f=0.3" }),
);

for (const [width, dark] of [[800, true], [1500, false], [2560, true]] as const) {
  browserTest(
    `dashboards: hostile tokens stay text, nothing overflows, text is legible at ${width} px`,
    () =>
      withPage(PAGE, async ({ page, errors, requests }) => {
        for (const id of [7, 8, 9, 10, 11]) {
          await page.fill("#search", `0.${id}`);
          await page.keyboard.press("Enter");
          await page.waitForFunction(
            (name) => document.querySelector(".card-title")?.textContent === name,
            `Feature 0.${id}`,
          );
          const shown = await page.locator("#card .example .peak").first().textContent();
          assertStringIncludes(
            HOSTILE[id - 7].replace("\0", "␀"),
            shown!.replace("…", "").slice(0, 30),
          );
        }
        const state = await page.evaluate(() => ({
          hacked: "hacked" in globalThis,
          wide: document.documentElement.scrollWidth - innerWidth,
          images: document.images.length,
        }));
        assertEquals(state, { hacked: false, wide: 0, images: 0 });
        const faint = await page.evaluate(() => {
          const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
          const rgb = (colour: string, over: number[]) => {
            canvas.fillStyle = `rgb(${over.join(" ")})`;
            canvas.fillRect(0, 0, 1, 1);
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
          };
          const luminance = (c: number[]) => {
            const [r, g, b] = c.map((v) => v / 255).map((v) =>
              v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
            );
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const behind = (element: Element | null): number[] =>
            element === null
              ? [255, 255, 255]
              : rgb(getComputedStyle(element).backgroundColor, behind(element.parentElement));
          const found = new Set<string>();
          for (const element of document.querySelectorAll("#page *:not(svg *)")) {
            const own = [...element.childNodes].some((n) =>
              n.nodeType === 3 && n.textContent!.trim()
            );
            if (!own || (element as HTMLElement).offsetParent === null) continue;
            const back = behind(element), front = rgb(getComputedStyle(element).color, back);
            const [a, b] = [luminance(front), luminance(back)].sort((x, y) => y - x);
            const contrast = (a + 0.05) / (b + 0.05);
            if (contrast < 4.5) {
              found.add(`${element.className || element.tagName} ${contrast.toFixed(2)}`);
            }
          }
          return [...found];
        });
        assertEquals(faint, []);
        assertEquals(errors, []);
        assertEquals(requests, []);
      }, { width, dark }),
  );
}

browserTest(
  "dashboards: the address restores search, layer, order and theme",
  () =>
    withPage(PAGE, async ({ page }) => {
      assertEquals(await page.inputValue("#search"), "token:mary");
      assertEquals(await page.inputValue("#sort"), "firings");
      assertEquals(await page.getAttribute("html", "data-theme"), "dark");
      assertEquals((await page.evaluate(rowNames))[0], "1.1");
      assertEquals((await page.evaluate(card)).title, "Feature 1.25");
    }, { hash: "#f=1.25&q=token:mary&layer=1&sort=firings&order=up&theme=dark" }),
);

browserTest(
  "dashboards: the card fits a narrow panel, and a click shows an example in full",
  () =>
    withPage(PAGE, async ({ page, errors }) => {
      for (const width of [300, 380, 700]) {
        await page.evaluate(
          (to) => document.getElementById("card")!.style.width = `${to}px`,
          width,
        );
        const over = await page.evaluate(() => {
          const card = document.querySelector<HTMLElement>(".feature-card")!;
          const right = card.getBoundingClientRect().right;
          return [...card.querySelectorAll("*:not(.example *)")]
            .filter((element) => element.getBoundingClientRect().right > right + 1)
            .map((element) => element.className || element.tagName);
        });
        assertEquals(over, [], `${width} px`);
      }
      const example = page.locator("#card .example").first();
      const height = async () => (await example.boundingBox())!.height;
      const closed = await height();
      await example.click();
      assert(await height() > closed);
      const text = (await example.textContent())!;
      assertStringIncludes(text, "</script><script>window.hacked");
      assertEquals(errors, []);
    }, { hash: "#f=1.13" }),
);
