import { assert } from "@std/assert";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { buildExplorer } from "./page.ts";

Deno.test("buildExplorer() makes a page that loads nothing and has no unfilled placeholders", () => {
  const html = buildExplorer(formingCircuit());
  assert(!/\{\{\w+\}\}/.test(html), "a placeholder of the template is unfilled");
  assert(!/(src|href)="(?!data:)/.test(html), "the page refers to another file");
  assert(!html.includes("@import") && !html.includes("import("), "the page imports something");
});

Deno.test("buildExplorer() keeps hostile text from becoming markup", () => {
  const summary = formingCircuit({ model: "<img src=x onerror=alert(1)>" });
  summary.example.clean = "</script><script>alert(1)</script>";
  const html = buildExplorer(summary);
  assert(!html.includes("<img src=x"));
  assert(!html.includes("</script><script>alert"));
});
