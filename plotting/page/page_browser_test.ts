/** Tests a page made of the kit in a browser: input changes the state, and the state changes the screen. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { browserTest, withPage } from "../testing/browser.ts";
import { buildPage, KIT_STYLES } from "./mod.ts";

const page = () =>
  buildPage({
    title: "Squares <1>",
    styles: [KIT_STYLES.theme, KIT_STYLES.palette, KIT_STYLES.base, KIT_STYLES.controls],
    body: `<svg id="picture" width="400" height="100" viewBox="0 0 400 100"></svg>
<button id="save">Save</button><button id="dark">Dark</button>
<span class="switch"><button data-set="palette=field">field</button><button data-set="palette=safe">safe</button></span>
<output id="clicked"></output>`,
    data: { numbers: [3, 1, 4, 1, 5] },
    script: new URL("../testing/kit_page.ts", import.meta.url),
  });

/** Reads the places of the squares and the state that the page shows. */
function shown() {
  const box = document.getElementById("picture")!.getBoundingClientRect();
  const squares = [...document.querySelectorAll("#content rect:not(.hit)")].map((e) => {
    const { left, top, width } = e.getBoundingClientRect();
    return { x: left - box.left, y: top - box.top, width };
  });
  const style = getComputedStyle(document.documentElement);
  return {
    squares,
    clicked: document.getElementById("clicked")!.textContent,
    pressed: document.querySelector("[aria-pressed=true]")!.textContent,
    paper: getComputedStyle(document.body).backgroundColor,
    plus: style.getPropertyValue("--plus"),
    tooltip: document.querySelector("#tooltip.shown")?.textContent,
  };
}

browserTest(
  "a kit page draws its data without errors or requests",
  () =>
    withPage(page(), async ({ page, errors, requests }) => {
      assertEquals(await page.title(), "Squares <1>");
      const { squares, tooltip } = await page.evaluate(shown);
      assertEquals(squares.map(({ x }) => x), [0, 40, 80, 120, 160]);
      assertEquals(tooltip, undefined);
      await page.hover("#content rect:not(.hit) >> nth=2");
      assertEquals((await page.evaluate(shown)).tooltip, "Square 2value4");
      await page.mouse.move(390, 95);
      assertEquals((await page.evaluate(shown)).tooltip, undefined);
      assertEquals(errors, []);
      assertEquals(requests, []);
    }),
);

browserTest(
  "a kit page zooms at the pointer, pans with a drag and keeps clicks",
  () =>
    withPage(page(), async ({ page, errors }) => {
      const at = (await page.locator("#picture").boundingBox())!;
      const pointer = { x: at.x + 95, y: at.y + 35 };
      await page.mouse.move(pointer.x, pointer.y);
      await page.mouse.wheel(0, -200);
      const { squares } = await page.evaluate(shown);
      const factor = squares[0].width / 30;
      assertAlmostEquals(factor, Math.exp(0.4), 1e-3);
      assertAlmostEquals(squares[2].x, 95 - 15 * factor, 0.1);
      await page.mouse.down();
      await page.mouse.move(pointer.x + 30, pointer.y + 10, { steps: 3 });
      await page.mouse.up();
      const dragged = await page.evaluate(shown);
      assertAlmostEquals(dragged.squares[2].x, squares[2].x + 30, 0.1);
      assertAlmostEquals(dragged.squares[2].y, squares[2].y + 10, 0.1);
      assertEquals(dragged.clicked, "", "a drag must not end in a click");
      await page.mouse.move(pointer.x + 60, pointer.y + 10);
      assertEquals(
        (await page.evaluate(shown)).squares,
        dragged.squares,
        "the drag continues after the button is released",
      );
      await page.mouse.click(pointer.x + 30, pointer.y + 10);
      assertEquals((await page.evaluate(shown)).clicked, "4");
      for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 400);
      assertAlmostEquals((await page.evaluate(shown)).squares[0].width, 15, 0.1);
      assertEquals(errors, []);
    }),
);

browserTest(
  "a kit page keeps choices in its address and follows the system's theme",
  () =>
    withPage(page(), async ({ page, errors }) => {
      const dark = await page.evaluate(shown);
      assertEquals(dark.paper, "rgb(19, 21, 25)");
      assertEquals(dark.pressed, "safe");
      assertEquals(dark.plus, "#6fb0ea");
      await page.click("[data-set='palette=field']");
      assertEquals((await page.evaluate(shown)).plus, "#6ea8e8");
      await page.waitForFunction(() => !location.hash.includes("palette"));
      assertEquals(errors, []);
    }, { dark: true, hash: "#palette=safe&other=1" }),
);

browserTest(
  "a kit page saves its picture without hit targets, on the background of its theme",
  () =>
    withPage(page(), async ({ page }) => {
      await page.click("#dark");
      await page.waitForTimeout(400);
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
      assertEquals(download.suggestedFilename(), "squares.svg");
      const picture = await Deno.readTextFile(await download.path());
      assertEquals(picture.match(/<rect/g)!.length, 1 + 5);
      assertStringIncludes(picture, '<rect width="400" height="100" fill="#131519"');
      assert(!picture.includes("class="));
    }),
);
