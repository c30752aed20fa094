import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../utils/base/mod.ts";
import { MOST_BYTES } from "./labels_file.ts";
import { LabelsFile, requestHandler } from "./mod.ts";

const value = (label: string) => ({
  labels: { "L1 f7": label },
  groups: [{ name: "names", members: ["L1 f7", "L2 f0"] }],
});

async function withLabels(
  use: (
    ask: (init?: RequestInit & { scope?: string }) => Promise<Response>,
    path: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "labels.json");
  const handler = requestHandler({ root: folder, labels: new LabelsFile(path) });
  const address = "http://127.0.0.1:8000/api/labels?scope=";
  try {
    await use(
      ({ scope = "nano", ...init } = {}) =>
        handler(new Request(address + encodeURIComponent(scope), init)),
      path,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const put = (body: unknown, version: string | null, type = "application/json"): RequestInit => ({
  method: "PUT",
  headers: { "content-type": type, ...(version !== null && { "if-match": version }) },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

Deno.test("labels come back as they were saved, scope by scope", () =>
  withLabels(async (ask, path) => {
    const first = await ask();
    assertEquals(await first.json(), { labels: {}, groups: [] });
    const saved = await ask(put(value("</script> \u202e"), first.headers.get("etag")));
    assertEquals(saved.status, 204);
    const now = await ask();
    assertEquals(await now.json(), value("</script> \u202e"));
    assertEquals(now.headers.get("etag"), saved.headers.get("etag"));
    const other = await ask({ scope: "__proto__" });
    assertEquals(await other.json(), { labels: {}, groups: [] });
    const proto = put(value("kept"), other.headers.get("etag"));
    assertEquals((await ask({ ...proto, scope: "__proto__" })).status, 204);
    assertEquals(await (await ask({ scope: "__proto__" })).json(), value("kept"));
    assertEquals(JSON.parse(await Deno.readTextFile(path)).scopes.length, 2);
  }));

Deno.test("of changes to one version of the labels, one is saved and the others are refused", () =>
  withLabels(async (ask) => {
    const etag = (await ask()).headers.get("etag");
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ask(put(value(`label ${i}`), etag))),
    );
    assertEquals(answers.map(({ status }) => status).sort(), [204, ...Array(7).fill(412)]);
    const winner = answers.findIndex(({ status }) => status === 204);
    assertEquals(await (await ask()).json(), value(`label ${winner}`));
    assertEquals(answers[(winner + 1) % 8].headers.get("etag"), (await ask()).headers.get("etag"));
  }));

Deno.test("labels that are not labels are refused, and nothing is written", () =>
  withLabels(async (ask, path) => {
    const etag = (await ask()).headers.get("etag");
    const wrong: [RequestInit & { scope?: string }, number, RegExp][] = [
      [put("{", etag), 400, /the body is not JSON/],
      [put({ labels: { a: 1 }, groups: [] }, etag), 400, /labels\.a: /],
      [put({ labels: {}, groups: [], more: 1 }, etag), 400, /body: .*more/],
      [put(value("x"), null), 428, /expected If-Match/],
      [put(value("x"), etag, "text/plain"), 415, /expected content-type application\/json/],
      [put(" ".repeat(MOST_BYTES + 1), etag), 413, /at most 4000000 bytes/],
      [{ ...put(value("x"), etag), scope: "" }, 400, /expected \?scope=/],
      [{ method: "DELETE" }, 405, /expected GET, HEAD or PUT/],
    ];
    for (const [init, status, message] of wrong) {
      const answer = await ask(init);
      assertEquals(answer.status, status);
      assertMatch(await answer.text(), message);
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await Deno.writeTextFile(path, '{"format": "something else"}');
    const damaged = await ask();
    assertEquals(damaged.status, 500);
    assertMatch(await damaged.text(), /labels\.json: format: .*; move it away/);
    const error = await assertRejects(() => new LabelsFile(path).read("a"), UserError);
    assert(error.message.startsWith(path));
  }));
