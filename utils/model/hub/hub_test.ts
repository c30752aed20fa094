import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openCheckpoint } from "../files/checkpoint_files.ts";
import { publishedSteps } from "./hub.ts";
import {
  cutAfter,
  type Fault,
  gitHash,
  type Repository,
} from "../../../tests/support/hub_server.ts";
import {
  config,
  MAIN,
  pythia,
  reference,
  REPO,
  STEP,
  weights,
  withHub,
} from "../../../tests/support/hub_model.ts";

Deno.test("resolveModel() downloads only what is needed, into the layout of Python's cache", () =>
  withHub({}, async ({ hub, cacheDir, resolve }) => {
    const progress = new Map<string, number[]>();
    const dir = await resolve("pythia-14m", {
      onProgress: ({ file, done, total }) => progress.set(file, [done, total]),
    });
    const root = join(cacheDir, "models--EleutherAI--pythia-14m");
    assertEquals(dir, join(root, "snapshots", MAIN));
    assertEquals(
      [...Deno.readDirSync(dir)].map(({ name }) => name).sort(),
      ["config.json", "model.safetensors", "tokenizer.json"],
      "neither the pickle nor the README",
    );
    assertEquals(await Deno.readTextFile(join(root, "refs/main")), MAIN);
    assertEquals(
      await Deno.readLink(join(dir, "config.json")),
      join("..", "..", "blobs", gitHash(config)),
    );
    assertEquals(await Deno.readFile(join(dir, "model.safetensors")), weights);
    assertEquals(progress.get("model.safetensors"), [weights.length, weights.length]);
    assertEquals((await openCheckpoint(dir)).names().length, 40);

    const before = hub.downloads().length;
    assertEquals(await resolve("pythia-14m"), dir);
    assertEquals(hub.downloads().length, before, "no file is downloaded twice");
  }));

Deno.test("resolveModel() selects a training step and shares equal files between steps", () =>
  withHub({}, async ({ hub, resolve }) => {
    await resolve(REPO);
    const dir = await resolve(REPO, { revision: "step1000" });
    assertEquals(await Deno.readTextFile(join(dir, "tokenizer.json")), '{"step": 1000}');
    assertEquals(hub.seen.filter(({ server }) => server === "store").length, 1);
    assertEquals(await resolve(REPO, { revision: STEP }), dir, "a commit is also a revision");
  }));

Deno.test("resolveModel() sends the token to the Hub only", () =>
  withHub({ repository: { ...pythia, token: "hf_secret" } }, async ({ hub, resolve }) => {
    const refused = await assertRejects(() => resolve(REPO), Error, "gated");
    assert(refused.message.includes(`ask for access on ${hub.endpoint}/${REPO}`));
    assert(refused.message.includes("HF_TOKEN"));
    await resolve(REPO, { hub: { token: "hf_secret" } });
    const store = hub.seen.filter(({ server }) => server === "store");
    assertEquals(store.map(({ authorization }) => authorization), [null]);
  }));

Deno.test("resolveModel() resumes a broken download where it broke", () => {
  let cuts = 0;
  const fault: Fault = (seen, answer) =>
    seen.server === "store" && cuts++ < 4 ? cutAfter(answer, 30_000) : answer;
  return withHub({ fault }, async ({ hub, resolve }) => {
    const dir = await resolve(REPO, { hub: { attempts: 2 } });
    assertEquals(await Deno.readFile(join(dir, "model.safetensors")), weights);
    const ranges = hub.seen.filter(({ server }) => server === "store").map(({ range }) => range);
    assertEquals(ranges.length, 5, "more faults than attempts, because each made progress");
    assertEquals(ranges[0], null);
    const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]));
    assert(starts.every((at, i) => at > (starts[i - 1] ?? 0)), `${starts}`);
  });
});

Deno.test("resolveModel() starts again at byte 0 if the server ignores the range", () => {
  let cuts = 0;
  const fault: Fault = async (seen, answer) => {
    if (seen.server !== "store") return answer;
    if (cuts++ === 0) return await cutAfter(answer, 1000);
    await answer.body?.cancel();
    return new Response(new Uint8Array(weights));
  };
  return withHub({ fault }, async ({ resolve }) => {
    const dir = await resolve(REPO);
    assertEquals(await Deno.readFile(join(dir, "model.safetensors")), weights);
  });
});

Deno.test("resolveModel() resumes the partial file of an earlier process", () =>
  withHub({}, async ({ hub, cacheDir, resolve }) => {
    const blobs = join(cacheDir, "models--EleutherAI--pythia-14m/blobs");
    await Deno.mkdir(blobs, { recursive: true });
    const digest = [
      ...new Uint8Array(
        await crypto.subtle.digest("SHA-256", new Uint8Array(weights)),
      ),
    ]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
    await Deno.writeFile(join(blobs, `${digest}.incomplete`), weights.subarray(0, 5000));
    const dir = await resolve(REPO);
    assertEquals(await Deno.readFile(join(dir, "model.safetensors")), weights);
    assertEquals(hub.seen.find(({ server }) => server === "store")?.range, "bytes=5000-");
  }));

Deno.test("resolveModel() retries after a server error, and explains when it gives up", async () => {
  const asked = new Set<string>();
  const firstTime: Fault = ({ path }, answer) => {
    if (asked.has(path)) return answer;
    asked.add(path);
    return new Response("busy", { status: 503 });
  };
  await withHub({ fault: firstTime }, async ({ resolve }) => {
    await openCheckpoint(await resolve(REPO));
    assertEquals(asked.size, 6, "commit, files, three downloads and a redirect failed once each");
  });

  const always: Fault = () => new Response("busy", { status: 500 });
  await withHub({ fault: always }, async ({ hub, resolve }) => {
    const error = await assertRejects(() => resolve(REPO, { hub: { attempts: 3 } }), Error);
    assert(error.message.includes(`${hub.endpoint} failed 3 times in a row`), error.message);
    assertEquals(hub.seen.length, 3);
  });
});

Deno.test("resolveModel() abandons a silent connection and retries", () => {
  let silent = true;
  const fault: Fault = (seen, answer) => {
    if (seen.server !== "store" || !silent) return answer;
    silent = false;
    return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
  };
  return withHub({ fault }, async ({ resolve }) => {
    const dir = await resolve(REPO, { hub: { idleTimeout: 100 } });
    assertEquals(await Deno.readFile(join(dir, "model.safetensors")), weights);
  });
});

Deno.test("resolveModel() verifies checksums of LFS and other files, and leaves no wrong file", async () => {
  for (const wrong of ["config.json", "model.safetensors"] as const) {
    const fault: Fault = async (seen, answer) => {
      const isWrong = wrong === "config.json" ? seen.path.endsWith(wrong) : seen.server === "store";
      if (!isWrong) return answer;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      bytes[100] ^= 1;
      return new Response(bytes, { headers: answer.headers });
    };
    await withHub({ fault }, async ({ hub, cacheDir, resolve }) => {
      const error = await assertRejects(() => resolve(REPO), Error, "checksum");
      assert(error.message.includes(wrong), error.message);
      const blobs = join(cacheDir, "models--EleutherAI--pythia-14m/blobs");
      const kept = wrong === "config.json" ? 0 : 2;
      assertEquals([...Deno.readDirSync(blobs)].length, kept, "only correct files remain");
      assertEquals(hub.downloads().filter(({ path }) => path.endsWith(wrong)).length, 2);
    });
  }
});

Deno.test("resolveModel() refuses a file that is longer than the repository lists", () => {
  const fault: Fault = async (seen, answer) => {
    if (seen.server !== "store") return answer;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return new Response(new Blob([bytes, bytes]));
  };
  return withHub({ fault }, async ({ resolve }) => {
    await assertRejects(() => resolve(REPO), Error, `expected ${weights.length}`);
  });
});

Deno.test("resolveModel() follows the index of sharded weights, but not out of the folder", async () => {
  const sharded = (name: string) => reference(`formats/sharded_safetensors/${name}`);
  const index = "model.safetensors.index.json";
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const repository = (indexText: string | Uint8Array): Repository => ({
    branches: { main: MAIN },
    commits: {
      [MAIN]: {
        "config.json": config,
        [index]: indexText,
        ...Object.fromEntries(shards.map((name) => [name, sharded(name)])),
      },
    },
  });
  await withHub({ repository: repository(sharded(index)) }, async ({ resolve }) => {
    const dir = await resolve(REPO);
    assertEquals((await openCheckpoint(dir)).names().length, 40);
  });
  const escaping = JSON.stringify({ weight_map: { w: "../../../x.safetensors" } });
  await withHub({ repository: repository(escaping) }, async ({ resolve }) => {
    await assertRejects(() => resolve(REPO), Error, "same folder");
  });
});

Deno.test("resolveModel() falls back to pickles, and reports missing weights", async () => {
  const repository = (files: Record<string, string | Uint8Array>): Repository => ({
    branches: { main: MAIN },
    commits: { [MAIN]: { "config.json": config, ...files } },
  });
  const bin = reference("formats/bin_f16/pytorch_model.bin");
  await withHub({ repository: repository({ "pytorch_model.bin": bin }) }, async ({ resolve }) => {
    assertEquals((await openCheckpoint(await resolve(REPO))).names().length, 40);
  });
  await withHub({ repository: repository({}) }, async ({ resolve }) => {
    await assertRejects(() => resolve(REPO), Error, "none of model.safetensors");
  });
});

Deno.test("resolveModel() lists the steps near an unknown revision", () =>
  withHub({}, async ({ resolve }) => {
    const error = await assertRejects(() => resolve(REPO, { revision: "step1500" }), Error);
    assert(error.message.includes(`${REPO} has no revision step1500`), error.message);
    assert(error.message.includes("step1000, step2000, step143000"), error.message);
    await assertRejects(() => resolve(REPO, { revision: "../x" }), Error, "not a revision (branch");
  }));

Deno.test("resolveModel() reports an unknown model", () =>
  withHub({}, async ({ resolve }) => {
    await assertRejects(() => resolve("EleutherAI/pythia-15m"), Error, "there is no model");
  }));

Deno.test("resolveModel() works offline from the cache, and reports what the cache lacks", () =>
  withHub({}, async ({ hub, resolve }) => {
    await assertRejects(() => resolve(REPO, { hub: { offline: true } }), Error, "HF_HUB_OFFLINE");
    assertEquals(hub.seen, [], "offline sends no request");
    const dir = await resolve(REPO);
    const requests = hub.seen.length;
    assertEquals(await resolve(REPO, { hub: { offline: true } }), dir);
    assertEquals(hub.seen.length, requests);
    // Port 9 (discard) refuses connections.
    const unreachable = { endpoint: "http://127.0.0.1:9", attempts: 2 };
    assertEquals(await resolve(REPO, { hub: unreachable }), dir);
    await assertRejects(
      () => resolve(REPO, { revision: "step1000", hub: unreachable }),
      Error,
      "Check the network",
    );
  }));

Deno.test("resolveModel() finds OLMo's name of a step, and publishedSteps() lists the steps of both namings", () => {
  const repository: Repository = {
    branches: {
      main: MAIN,
      "step1000-tokens4B": STEP,
      "stage1-step2000-tokens9B": "c".repeat(40),
      "stage2-ingredient1-step500-tokens3B": "d".repeat(40),
    },
    commits: pythia.commits,
  };
  return withHub({ repository }, async ({ hub, cacheDir, resolve }) => {
    const settings = { endpoint: hub.endpoint, token: undefined, offline: false };
    const listed = { cacheDir, hub: settings };
    assertEquals(await publishedSteps(REPO, listed), [1000, 2000]);
    const dir = await resolve(REPO, { revision: "step1000" });
    assertEquals(await Deno.readTextFile(join(dir, "tokenizer.json")), '{"step": 1000}');
    assertEquals(await resolve(REPO, { revision: "step1000-tokens4B" }), dir);
    const offline = { hub: { ...settings, offline: true } };
    assertEquals(await resolve(REPO, { revision: "step1000", ...offline }), dir);
    assertEquals(await publishedSteps(REPO, { cacheDir, ...offline }), [1000]);
    const missing = await assertRejects(() => resolve(REPO, { revision: "step3000" }), Error);
    assert(missing.message.includes("the available steps are step1000, step2000"));
  });
});
