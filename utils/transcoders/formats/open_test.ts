import { assert, assertEquals, assertRejects } from "@std/assert";
import { join, relative } from "@std/path";
import { randomCoder } from "../../../tests/support/coder_cases.ts";
import { type Files, startHub } from "../../../tests/support/hub_server.ts";
import { filesBelow, UserError } from "../../base/mod.ts";
import type { FormatName } from "./format.ts";
import { FORMATS, openCoders, type OpenOptions } from "./open.ts";

const inFolder = async (use: (dir: string) => Promise<void>) => {
  const dir = await Deno.makeTempDir();
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};

const coders = [0, 1, 2, 10].map((layer) =>
  randomCoder({
    dIn: 5,
    dOut: 5,
    layer,
    activation: { name: "topk", k: 3 },
    skip: true,
    inputHook: `blocks.${layer}.mlp.hook_in`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
  }, layer)
);
const bare = coders.map(({ config: { layer } }) =>
  randomCoder({
    layer,
    inputHook: `blocks.${layer}.ln2.hook_normalized`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    inputConvention: "folded",
    metadata: { model_name: "gpt2-small" },
  }, layer)
);

/** The files of a written set by path, under a folder. */
async function filesOf(format: FormatName, set: typeof coders, folder = ""): Promise<Files> {
  const files: Files = {};
  await inFolder(async (dir) => {
    await FORMATS[format].write(dir, set);
    for (const path of await filesBelow(dir, () => true)) {
      files[folder + relative(dir, path)] = await Deno.readFile(path);
    }
  });
  return files;
}

const SST = "EleutherAI/Pythia-160m-SST-k32-32k", GPT2 = "pchlenski/gpt2-transcoders";
const MAIN = "a".repeat(40), OTHER = "b".repeat(40);

/** Runs with a local Hub that has both repositories, and an empty cache. */
const withHub = (
  use: (
    open: (name: string, options?: OpenOptions) => ReturnType<typeof openCoders>,
    hub: ReturnType<typeof startHub>,
  ) => Promise<void>,
) =>
  inFolder(async (cacheDir) => {
    const sst = await filesOf("sparsify", coders);
    const lens = await filesOf("native", coders.slice(0, 1), "sets/small/");
    const pt: Files = { "README.md": "transcoders" };
    for (const [path, bytes] of Object.entries(await filesOf("tcc", bare))) {
      pt[path] = bytes;
      pt[path.replace(".pt", "_log_feature_sparsity.pt")] = "not read";
    }
    await using hub = startHub({
      [SST]: {
        branches: { main: MAIN, early: OTHER },
        commits: { [MAIN]: { ...sst, "README.md": "skip transcoders" }, [OTHER]: lens },
      },
      [GPT2]: { branches: { main: MAIN }, commits: { [MAIN]: pt } },
    });
    const settings = { endpoint: hub.endpoint, token: undefined, offline: false, firstDelay: 1 };
    await use(
      (name, options = {}) =>
        openCoders(name, { cacheDir, ...options, hub: { ...settings, ...options.hub } }),
      hub,
    );
  });

Deno.test("openCoders() downloads a sparsify repository, in the order of the layers, and once", () =>
  withHub(async (open, hub) => {
    const { coders: found, format } = await open(SST);
    assertEquals(format, "sparsify");
    assertEquals(found.map(({ config }) => config.layer), [0, 1, 2, 10]);
    assertEquals(found.map(({ weights }) => weights), coders.map(({ weights }) => weights));
    assert(!hub.downloads().some(({ path }) => path.endsWith("README.md")));
    const before = hub.downloads().length;
    await open(SST);
    assertEquals(hub.downloads().length, before, "everything is in the cache");
    assertEquals((await open(SST, { hub: { offline: true } })).coders.length, 4);
  }));

Deno.test("openCoders() downloads only the wanted layers of TCC's transcoders for GPT-2", () =>
  withHub(async (open, hub) => {
    const { coders: found, format } = await open(GPT2, { layers: [1, 10] });
    assertEquals(format, "tcc");
    assertEquals(found.map(({ config }) => config.layer), [1, 10]);
    assertEquals(found[1].weights, bare[3].weights);
    const files = hub.seen.filter(({ path }) => path.includes("/resolve/"));
    assertEquals(files.length, 2, files.map(({ path }) => path).join());
  }));

Deno.test("openCoders() takes a folder of a repository at a revision", () =>
  withHub(async (open) => {
    const { coders: found, format } = await open(`${SST}/sets/small@early`);
    assertEquals([format, found.length], ["native", 1]);
    assertEquals(found[0], coders[0]);
    assertEquals((await open(`${SST}/sets/small`, { revision: "early" })).coders[0], coders[0]);
  }));

Deno.test("openCoders() says what a repository lacks, and what a name must be", () =>
  withHub(async (open) => {
    const refused = async (name: string, options: OpenOptions, ...parts: string[]) => {
      const error = await assertRejects(() => open(name, options), Error);
      for (const part of parts) assert(error.message.includes(part), error.message);
    };
    await refused(SST, { layers: [7] }, SST, "found no coders of layers 7");
    await refused(SST, { format: "tcc" }, "found no coders in the format tcc");
    await refused(`${SST}/nothing`, {}, "among 0 files");
    await refused("EleutherAI/nothing", {}, "EleutherAI/nothing");
    await refused(`${SST}@late`, {}, "has no revision late");
    await refused(GPT2, { hub: { offline: true } }, "is not in the cache");
    await refused("nothing", {}, "neither an existing folder or file nor a repository");
  }));

Deno.test("openCoders() reads one .pt file, and asks which format a mixed folder has", () =>
  inFolder(async (dir) => {
    await FORMATS.tcc.write(dir, bare.slice(0, 2));
    const file = [...Deno.readDirSync(dir)].map(({ name }) => name).sort()[1];
    const { coders: [coder], format } = await openCoders(join(dir, file));
    assertEquals([format, coder.config.layer], ["tcc", 1]);
    await FORMATS.native.write(dir, coders.slice(0, 1));
    await assertRejects(() => openCoders(dir), UserError, "formats native and tcc; say which");
    assertEquals((await openCoders(dir, { format: "native" })).coders, coders.slice(0, 1));
    const other = join(dir, "x.txt");
    await Deno.writeTextFile(other, "");
    await assertRejects(() => openCoders(other), UserError, "or a .pt file");
  }));
