import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { graphCase } from "../../tests/support/graph_cases.ts";
import { linearRun } from "../../utils/feature_circuits/linear/mod.ts";
import {
  attributionGraph,
  graphScores,
  logitTargets,
  pruneGraph,
  writeGraph,
} from "../../utils/feature_circuits/mod.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { LabelsFile, requestHandler } from "./mod.ts";

const HOST = "http://127.0.0.1:8000";

/** Makes a results folder with a circuit summary, and passes a way to ask its server to `use`. */
async function withServer(
  use: (
    ask: (address: string, init?: RequestInit) => Promise<Response>,
    root: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const root = join(folder, "results");
  try {
    await Deno.mkdir(join(root, "graphs/tiny/ioi"), { recursive: true });
    const summary = formingCircuit();
    await Deno.writeTextFile(join(root, "graphs/tiny/ioi/summary.json"), JSON.stringify(summary));
    await Deno.writeTextFile(join(folder, "secret.txt"), "secret");
    await Deno.writeTextFile(join(root, "digits & more.txt"), "0123456789");
    await Deno.symlink(join(folder, "secret.txt"), join(root, "link.txt"));
    await Deno.symlink(join(root, "digits & more.txt"), join(root, "inside.txt"));
    const handler = requestHandler({ root, labels: new LabelsFile(join(root, "labels.json")) });
    await use((address, init) => handler(new Request(new URL(address, HOST), init)), root);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the server answers for its own names only, and changes labels for its own pages only", () =>
  withServer(async (ask) => {
    for (const host of ["http://evil.example:8000/", "http://127.0.0.1.evil.example/"]) {
      const answer = await ask(host);
      assertEquals(answer.status, 403);
      assertMatch(await answer.text(), /expected 127\.0\.0\.1 or localhost as the host, found /);
    }
    assertEquals((await ask("http://localhost:8000/")).status, 200);
    const foreign = { origin: "http://evil.example" };
    assertEquals((await ask("/", { headers: foreign })).status, 403);
    assertEquals((await ask("/", { headers: { origin: "null" } })).status, 403);
    const own = await ask("/", { headers: { origin: HOST } });
    assertEquals(own.status, 200);
    assertMatch(own.headers.get("content-security-policy")!, /default-src 'self'/);
    assertEquals((await ask("/", { method: "POST" })).status, 405);
    assertEquals((await ask("/files/inside.txt", { method: "DELETE" })).status, 405);
  }));

Deno.test("the server sends files below the folder, and ranges of them, but nothing outside", () =>
  withServer(async (ask) => {
    const name = "/files/digits%20%26%20more.txt";
    const whole = await ask(name);
    assertEquals([whole.status, await whole.text()], [200, "0123456789"]);
    assertEquals(await (await ask("/files/inside.txt")).text(), "0123456789");
    const part = async (range: string) => {
      const answer = await ask(name, { headers: { range } });
      return [answer.status, await answer.text(), answer.headers.get("content-range")];
    };
    assertEquals(await part("bytes=2-4"), [206, "234", "bytes 2-4/10"]);
    assertEquals(await part("bytes=7-"), [206, "789", "bytes 7-9/10"]);
    assertEquals(await part("bytes=-1"), [206, "9", "bytes 9-9/10"]);
    assertEquals(await part("bytes=10-"), [416, "", "bytes */10"]);
    assertEquals(await part("bytes=0-1,4-5"), [200, "0123456789", null]);
    assertEquals(await part("lines=1-2"), [200, "0123456789", null]);
    assertEquals(await part("bytes=x"), [200, "0123456789", null]);
    const head = await ask(name, { method: "HEAD" });
    assertEquals([await head.text(), head.headers.get("content-length")], ["", "10"]);
    const etag = whole.headers.get("etag")!;
    const again = await ask(name, { headers: { "if-none-match": etag } });
    assertEquals([again.status, await again.text()], [304, ""]);
    const stale = await ask(name, { headers: { range: "bytes=2-4", "if-range": '"other"' } });
    assertEquals([stale.status, await stale.text()], [200, "0123456789"]);
    const outside = [
      ...["/files/../secret.txt", "/files/%2e%2e/secret.txt", "/files/..%2fsecret.txt"],
      ...["/files/graphs/%2e%2e/%2e%2e/secret.txt", "/files/link.txt", "/files/a%00b"],
      ...["/files//etc/passwd", "/files/%2fetc%2fpasswd", "/files/..%5csecret.txt", "/files/%zz"],
      ...["/files/graphs", "/files/", `/files/${"x".repeat(5000)}`, "/page/explorer/../secret.txt"],
      ...["/page/explorer/link.txt", "/page/nothing/inside.txt", "/figure/nothing", "/nothing"],
    ];
    for (const address of outside) {
      const answer = await ask(address);
      const text = await answer.text();
      assertEquals([address, answer.status, text.includes("secret\n")], [address, 404, false]);
    }
  }));

Deno.test("pages are those of the plot commands, made again when their file changes", () =>
  withServer(async (ask, root) => {
    const address = "/page/explorer/graphs/tiny/ioi/summary.json";
    const page = await (await ask(address)).text();
    assertStringIncludes(page, '<meta name="labels" content="/api/labels">');
    assertStringIncludes(page, formingCircuit().example!.clean);
    assertEquals(await (await ask(address)).text(), page);
    const path = join(root, "graphs/tiny/ioi/summary.json");
    const summary = JSON.parse(await Deno.readTextFile(path));
    summary.model = "another <model>";
    await Deno.writeTextFile(path, JSON.stringify(summary));
    const changed = await (await ask(address)).text();
    assertStringIncludes(changed, "another &lt;model&gt;");

    await Deno.writeTextFile(path, '{"format": "circuits-over-time/summary/1", "checkpoints": [');
    const damaged = await ask(address);
    assertEquals(damaged.status, 500);
    assertMatch(await damaged.text(), /^\S+summary\.json is not valid JSON: .*\n$/);
  }));

Deno.test("the explorer is made again when a head script writes roles", () =>
  withServer(async (ask, root) => {
    const page = async () =>
      await (await ask("/page/explorer/graphs/tiny/ioi/summary.json")).text();
    const roles = '"roles":{"8":{"a0.h1":["copy suppression"]}}';
    assertEquals((await page()).includes(roles), false);
    const zero = [[0, 0], [0, 0]];
    await Deno.mkdir(join(root, "cspa/tiny"), { recursive: true });
    await Deno.writeTextFile(
      join(root, "cspa/tiny/all_checkpoints.json"),
      JSON.stringify({
        ...{ format: "circuits-over-time/cspa/1", config: {}, model: "tiny" },
        shape: { nLayers: 2, nHeads: 2 },
        checkpoints: { "8": { scores: [[0, 0.2], [0, 0]], kl_kept: zero, kl_ablated: zero } },
      }),
    );
    assertStringIncludes(await page(), roles);
  }));

Deno.test("the index links every page of a result file, and escapes names", () =>
  withServer(async (ask, root) => {
    await Deno.writeTextFile(join(root, "<script>alert(1)<!--.svg"), "<svg/>");
    const index = await (await ask("/")).text();
    const { rows, figures, files } = JSON.parse(
      /<script id="results" type="application\/json">(.*?)<\/script>/s.exec(index)![1],
    );
    assertEquals(rows.length, 1);
    assertEquals(rows[0].path, "graphs/tiny/ioi/summary.json");
    const links = [...rows[0].links, ...figures, ...files] as { href: string }[];
    assertEquals(links.length, 3 + 2 + 1);
    for (const { href } of links) assertEquals([href, (await ask(href)).status], [href, 200]);
    assert(!index.includes("<script>alert"));
  }));

Deno.test("the page of an attribution graph is made of both of its files", () =>
  withServer(async (ask, root) => {
    const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
    const run = await linearRun(model, coders, tokens);
    const graph = await attributionGraph(run, await logitTargets(run, { most: 1 }));
    await Deno.mkdir(join(root, "attribution_graphs"));
    await writeGraph(join(root, "attribution_graphs/exact/one"), graph, pruneGraph(graph), {
      prompt: "a <prompt>",
      tokenTexts: tokens.map(String),
      settings: {},
      scores: graphScores(graph),
    });
    model.close();
    const address = "/page/attribution_graph/attribution_graphs/exact/one.json";
    assertStringIncludes(await (await ask("/")).text(), address);
    const page = await ask(address);
    assertEquals(page.status, 200);
    const data = /<script id="graph-data" type="application\/json">(.*?)<\/script>/s
      .exec(await page.text())![1];
    const [{ features }] = JSON.parse(data) as { features: number[] }[];
    assertEquals(features, [...graph.features]);
  }));
