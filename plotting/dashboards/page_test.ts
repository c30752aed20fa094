import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../../utils/base/mod.ts";
import { HOSTILE, madeUpDashboards } from "../testing/made_up_dashboards.ts";
import { READINGS, ruleText, shownToken } from "./client/mod.ts";
import { listFeatures, queryTest, sorted, valueOf, wordsOf } from "./client/search.ts";
import { buildDashboards, dashboardData, pickFeatures } from "./page.ts";

const stored = madeUpDashboards(20), data = dashboardData(stored);

Deno.test("dashboards: no token text is markup of the page", () => {
  const html = buildDashboards(stored);
  for (const text of HOSTILE.slice(0, 2)) assertFalse(html.includes(text));
  const json = /<script id="dashboards" type="application\/json">(.*)<\/script>/.exec(html)![1];
  assertEquals(JSON.parse(json).vocabulary, stored.header.vocabulary);
  assertStringIncludes(html, "What the features of made-up fire on at step 512");
});

Deno.test("dashboards: picked features come with the rows of their examples only", () => {
  const picked = pickFeatures(data, [{ layer: 1, id: 7 }, { layer: 1, id: 3 }, {
    layer: 5,
    id: 0,
  }]);
  assertEquals(picked.dashboards.layers.map(({ features }) => features.map(({ id }) => id)), [[], [
    3,
    7,
  ]]);
  assertEquals(Object.keys(picked.dashboards.rows), ["1"]);
  assertEquals(picked.vocabulary, data.vocabulary);
});

Deno.test("dashboards: a file without its checkpoint says so", () => {
  assertThrows(() => dashboardData({ ...stored, entries: new Map() }), UserError, "step 512");
});

Deno.test("rules in words", () => {
  const say = (...predicates: [string, string | number][]) => ruleText(data, { predicates });
  assertEquals(
    say(["token", 1], ["previous", 5]),
    "the token is “ Mary” and the previous token is “⏎”",
  );
  assertEquals(
    say(["class", "digits"], ["seen", "before"]),
    "the token is a number and the token was in the document before",
  );
  assertEquals(say(["next_role", "end_of_text"]), "the document ends here");
  assertEquals(
    say(["role", "second_name"], ["index", 3]),
    "the word’s role is second name and the word’s place in its sequence is 3",
  );
  assertEquals(say(["unheard_of", "x"]), "unheard of is x");
  assertEquals(shownToken("a\tb\u0000\u0085"), "a⇥b␀␡");
  assertEquals(shownToken("x".repeat(50)).length, 40);
});

Deno.test("search: words, quotes, comparisons", () => {
  assertEquals(wordsOf('a "b c" rule:"d e" f"'), ["a", "b c", "rule:d e", "f"]);
  const features = listFeatures(data), keys = Object.keys(READINGS);
  const found = (query: string) =>
    features.filter(queryTest(query, keys) ?? (() => true)).map(({ name }) => name);
  assertEquals(found("").length, 40);
  assertEquals(found("rule>0.17"), ["0.18", "0.19", "1.18", "1.19"]);
  assertEquals(found("rule<0.02 max>0"), ["0.0", "0.1", "1.0", "1.1"]);
  assertEquals(found("rule>floor"), []);
  assertEquals(found("nonsense>3"), []);
  assertEquals(found("1.3"), ["1.3"]);
  assertEquals(found("TOKEN:Mary 0."), ["0.1", "0.13"]);
});

Deno.test("order: largest first, without a value last, either way", () => {
  const features = listFeatures(data);
  for (const [ascending, first] of [[false, 0.19], [true, 0]] as const) {
    const order = sorted(features, "rule", ascending);
    assertEquals(valueOf(order[0], "rule"), first);
    assertEquals(order.slice(-4).map(({ feature }) => feature.id).sort(), [3, 3, 4, 4]);
    assert(order.slice(0, -4).every((each) => valueOf(each, "rule") !== null));
  }
  assertEquals(sorted(features, "name", true)[0].name, "1.19");
});
