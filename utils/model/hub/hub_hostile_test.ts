/** The Hub, or what answers in its place, stalls, lies or asks for too much. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../base/mod.ts";
import { startHub } from "../../../tests/support/hub_server.ts";
import type { Fault, Seen } from "../../../tests/support/hub_server.ts";
import {
  MAIN,
  pythia,
  reference,
  REPO,
  weights,
  withHub,
} from "../../../tests/support/hub_model.ts";
import { RepositoryCache } from "./hub_cache.ts";
import { hubSettings } from "./hub_client.ts";

/** Whether a request is for the API. */
const isApi = ({ path }: Seen) => path.startsWith("/api/");

Deno.test("resolveModel() gives up on an answer whose body stalls after the headers", async () => {
  for (const part of ["/revision/", "/tree/"]) {
    const fault: Fault = (seen, answer) => {
      if (!seen.path.includes(part)) return answer;
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{"sha": ')),
      });
      return new Response(body, { headers: answer.headers });
    };
    await withHub({ fault }, async ({ resolve }) => {
      const hub = { idleTimeout: 200, attempts: 2 };
      const error = await assertRejects(() => resolve(REPO, { hub }), Error, "failed 2 times");
      assert(error.message.includes(part) && error.message.includes("200 ms"), error.message);
    });
  }
});

Deno.test("resolveModel() uses the cache when something else answers in the Hub's place", async () => {
  const answers = ["<!DOCTYPE html><p>Log in", "null", "{}", "[]", '{"sha": 3}', "[null]", "7"];
  for (const text of answers) {
    let portal = false;
    const fault: Fault = (seen, answer) => portal && isApi(seen) ? new Response(text) : answer;
    await withHub({ fault }, async ({ hub, resolve }) => {
      const dir = await resolve(REPO);
      portal = true;
      assertEquals(await resolve(REPO), dir);
      const other = () => resolve(REPO, { revision: "step1000" });
      const error = await assertRejects(other, Error, "expected an answer of the Hub");
      assert(error.message.includes(`${hub.endpoint}/api/models/${REPO}/revision`), error.message);
    });
  }
});

Deno.test("resolveModel() names a listing that is none", async () => {
  for (
    const text of ["null", '[{"type": "file"}]', '[{"type":"file","path":"x","size":-1,"oid":"x"}]']
  ) {
    const fault: Fault = ({ path }, answer) =>
      path.includes("/tree/") ? new Response(text) : answer;
    await withHub({ fault }, async ({ resolve }) => {
      const error = await assertRejects(
        () => resolve(REPO),
        Error,
        "expected an answer of the Hub",
      );
      assert(error.message.includes("/tree/"), error.message);
    });
  }
});

Deno.test("resolveModel() sends no token to another host that the listing goes on at", async () => {
  await using other = startHub({ [REPO]: pythia });
  const fault: Fault = (seen, answer) => {
    if (!seen.path.includes("/tree/")) return answer;
    const next = `<${other.endpoint}/api/models/${REPO}/tree/${MAIN}>; rel="next"`;
    return Response.json([], { headers: { Link: next } });
  };
  await withHub({ fault, repository: { ...pythia, token: "hf_secret" } }, async ({ resolve }) => {
    await resolve(REPO, { hub: { token: "hf_secret" } });
  });
  assertEquals(other.seen.map(({ path }) => path), [`/api/models/${REPO}/tree/${MAIN}`]);
  assertEquals(other.seen.map(({ authorization }) => authorization), [null]);
});

Deno.test("resolveModel() waits as long as the server asks, but not for hours", async () => {
  const times: number[] = [];
  const busy = (seconds: string): Fault => (seen, answer) => {
    if (!seen.path.includes("/revision/")) return answer;
    times.push(performance.now());
    if (times.length > 1) return answer;
    return new Response("slow down", { status: 429, headers: { "Retry-After": seconds } });
  };
  await withHub({ fault: busy("1") }, async ({ resolve }) => {
    await resolve(REPO);
    assertEquals(times.length, 2);
    assert(times[1] - times[0] >= 990, `${times[1] - times[0]} ms`);
  });
  times.length = 0;
  await withHub({ fault: busy("86400") }, async ({ resolve }) => {
    await assertRejects(() => resolve(REPO), Error, "a pause of 86400 s");
    assertEquals(times.length, 1);
  });
});

Deno.test("resolveModel() names a listed size that is too large, each time", async () => {
  const fault: Fault = async (seen, answer) => {
    if (!seen.path.includes("/tree/")) return answer;
    const files = await answer.json();
    for (const { lfs } of files) if (lfs) lfs.size++;
    return Response.json(files);
  };
  await withHub({ fault }, async ({ resolve }) => {
    for (let time = 0; time < 2; time++) {
      const error = await assertRejects(() => resolve(REPO, { hub: { attempts: 5 } }), Error);
      assert(error.message.includes(`expected ${weights.length + 1}`), error.message);
      assert(!error.message.includes("416"), error.message);
    }
  });
});

Deno.test("resolveModel() downloads a file again whose partial file the server cannot continue", () =>
  withHub({}, async ({ cacheDir, resolve }) => {
    const dir = await resolve(REPO);
    const blob = await Deno.realPath(join(dir, "tokenizer.json"));
    await Deno.remove(blob);
    // Shorter than listed: the listing was wrong when the part was downloaded.
    const fault: Fault = (seen, answer) =>
      seen.range === null ? answer : new Response(null, { status: 416 });
    await Deno.writeTextFile(`${blob}.incomplete`, "{");
    await withHub({ fault }, async ({ hub }) => {
      await resolve(REPO, { cacheDir, hub: { endpoint: hub.endpoint } });
    });
    assertEquals(await Deno.readTextFile(join(dir, "tokenizer.json")), '{"version": "1.0"}');
  }));

Deno.test("hubSettings() refuses a token that no header can hold, and does not show it", () => {
  for (const token of ["hf_se\ncret", "hf_se\0cret", "hf_se cret", "hf_seé"]) {
    const error = assertThrows(() => hubSettings({ token }), UserError, "position 5");
    assert(!/hf_s/.test((error as Error).message), (error as Error).message);
  }
  assertEquals(hubSettings({ token: "hf_aZ09" }).token, "hf_aZ09");
});

Deno.test("hubSettings() refuses an endpoint that is not an address", () => {
  for (const endpoint of ["huggingface.co", "ftp://x", "https://", "https://user:word@host"]) {
    const error = assertThrows(() => hubSettings({ endpoint }), UserError, "HF_ENDPOINT");
    assert(!(error as Error).message.includes("word@"), (error as Error).message);
  }
});

Deno.test("provide() leaves the link that another process has made while it waited", async () => {
  const cacheDir = await Deno.makeTempDir();
  try {
    const cache = new RepositoryCache(REPO, cacheDir);
    const digest = "e".repeat(64);
    const pointer = join(cache.snapshot(MAIN), "config.json");
    const locks = join(cacheDir, ".locks", "models--EleutherAI--pythia-14m");
    await Deno.mkdir(locks, { recursive: true });
    const first = await Deno.open(join(locks, `${digest}.lock`), { write: true, create: true });
    await first.lock(true);
    let fetched = 0;
    const second = cache.provide(
      MAIN,
      "config.json",
      digest,
      () => Promise.resolve(void fetched++),
    );
    // The first process makes blob and link while the second one waits for the lock.
    await new Promise((done) => setTimeout(done, 100));
    await Deno.mkdir(cache.snapshot(MAIN), { recursive: true });
    await Deno.writeFile(
      join(cacheDir, "models--EleutherAI--pythia-14m/blobs", digest),
      reference("neox/model/config.json"),
    );
    await Deno.symlink(join("..", "..", "blobs", digest), pointer);
    const before = await Deno.lstat(pointer);
    await first.unlock();
    first.close();
    await second;
    assertEquals((await Deno.lstat(pointer)).ino, before.ino, "the same link");
    assertEquals(fetched, 0);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
});

Deno.test({
  name: "resolveModel() names the file that a full disk does not take, and what to do",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withHub({}, async ({ cacheDir, resolve }) => {
      const blobs = join(cacheDir, "models--EleutherAI--pythia-14m/blobs");
      await Deno.mkdir(blobs, { recursive: true });
      const bytes = await crypto.subtle.digest("SHA-256", new Uint8Array(weights));
      const partial = join(blobs, `${new Uint8Array(bytes).toHex()}.incomplete`);
      await Deno.symlink("/dev/full", partial);
      const error = await assertRejects(() => resolve(REPO), Error, `cannot write ${partial}`);
      assert(error.message.endsWith("the next run continues the download"), error.message);
    }),
});
