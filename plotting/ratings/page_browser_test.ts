import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { featureRatings, type RatingStudy } from "../../utils/results/mod.ts";
import { browserTest, withPage } from "../testing/browser.ts";
import { HOSTILE } from "../testing/made_up_dashboards.ts";
import { buildRatingPage } from "./mod.ts";

const VOCABULARY = [" the", " Mary", " gave", ".", "\n", ...HOSTILE];

/** Returns a study whose item n has its peak on token n of the vocabulary. */
function madeUpStudy(count: number): RatingStudy {
  return {
    study: "0123456789abcdef",
    vocabulary: VOCABULARY,
    rows: { 0: VOCABULARY.map((_, id) => id) },
    items: Array.from({ length: count }, (_, i) => {
      const peak = i % VOCABULARY.length;
      const example = [0, peak, 0, VOCABULARY.length, peak, 8, (peak + 1) % VOCABULARY.length, 2];
      return { number: i + 1, lists: [[example, example], [example]] };
    }),
  };
}

browserTest(
  "rating page: keys answer, a reload goes on, the saved file has every answer",
  () =>
    withPage(buildRatingPage(madeUpStudy(12)), async ({ page, errors, requests }) => {
      await page.waitForSelector("body.ready");
      const shows = (selector: string, text: string) =>
        page.waitForFunction(
          ([selector, text]) => document.querySelector(selector)?.textContent === text,
          [selector, text],
        );
      await page.keyboard.press("1"); // 1: yes
      await page.keyboard.press("4"); // 2: maybe, context-free
      await page.keyboard.press("2");
      await page.keyboard.press("3"); // 3: no
      await shows("#number", "Feature 4");
      await page.keyboard.press("j");
      await page.keyboard.press("k");
      await page.keyboard.press("k"); // back at 3
      await page.keyboard.press("n");
      await page.keyboard.type(" a note with 1 and j ");
      await page.keyboard.press("Enter");
      await page.keyboard.press("2"); // 3: maybe after all
      await page.click("#strip button:nth-child(12)");
      await page.click('.verdicts [data-verdict="yes"]'); // 12: yes, and stays at the last
      await shows("#number", "Feature 12");
      await page.keyboard.press("u");
      await shows("#number", "Feature 4");
      await page.waitForFunction(() => location.hash === "#at=4");
      await shows("#count", "4 of 12 rated");
      await page.fill("#rater", "Ada L.");
      await page.locator("#rater").blur();
      await page.goto(page.url().replace(/#.*/, ""));
      await page.reload();
      await page.waitForSelector("body.ready");
      await shows("#count", "4 of 12 rated");
      await shows("#number", "Feature 4");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.keyboard.press("s"),
      ]);
      assertEquals(download.suggestedFilename(), "ratings_0123456789abcdef_Ada_L_.json");
      const saved = featureRatings.parse(
        JSON.parse(await Deno.readTextFile(await download.path())),
      );
      assertEquals([saved.study, saved.rater], ["0123456789abcdef", "Ada L."]);
      assertEquals(saved.ratings, [
        { number: 1, verdict: "yes", context_free: false },
        { number: 2, verdict: "maybe", context_free: true },
        { number: 3, verdict: "maybe", context_free: false, note: "a note with 1 and j" },
        { number: 12, verdict: "yes", context_free: false },
      ]);
      assertEquals(errors, []);
      assertEquals(requests, []);
    }),
);

browserTest(
  "rating page: tokens are text, activations have no numbers, and the page has nothing of the key",
  () =>
    withPage(buildRatingPage(madeUpStudy(10)), async ({ page, errors, requests }) => {
      await page.waitForSelector("body.ready");
      for (let n = 1; n <= 10; n++) {
        await page.click(`#strip button:nth-child(${n})`);
        const peak = await page.textContent("#item .tok.peak");
        const text = VOCABULARY[n - 1];
        assertEquals(peak!.slice(0, 8), text.replace("\n", "⏎").slice(0, 8));
        assertEquals(await page.locator("#item .example").count(), 3);
        assertEquals(await page.locator("#item .act:visible").count(), 0);
      }
      assertEquals(await page.evaluate(() => "hacked" in globalThis), false);
      const source = await page.content();
      for (const word of ["transcoder", "autoencoder", "random", '"kind"', '"layer"', '"id"']) {
        assert(!source.toLowerCase().includes(word), word);
      }
      assertStringIncludes(source, "0123456789abcdef");
      assertEquals(errors, []);
      assertEquals(requests, []);
    }, { dark: true, width: 800 }),
);

browserTest(
  "rating page: wide and narrow, nothing sticks out sideways",
  () =>
    withPage(buildRatingPage(madeUpStudy(150)), async ({ page, errors }) => {
      await page.waitForSelector("body.ready");
      for (const width of [800, 1500, 2560]) {
        await page.setViewportSize({ width, height: 900 });
        const over = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth
        );
        assertEquals(over, 0, `${width} px`);
      }
      assertEquals(errors, []);
    }),
);
