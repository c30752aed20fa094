import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { listLocalSteps, resolveModel } from "./hub.ts";
import { localCheckpoint, nearSteps } from "./local_steps.ts";
import { modelSource } from "./model_names.ts";

/** Runs `body` with a temporary folder that holds `files`. */
async function withFolder(files: string[], body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const file of files) {
      await Deno.mkdir(join(dir, file, ".."), { recursive: true });
      await Deno.writeTextFile(join(dir, file), "{}");
    }
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("modelSource() resolves short names of Pythia and GPT-2 models", () => {
  const repo = (name: string) => {
    const source = modelSource(name, "no folder");
    return source.kind === "hub" ? source.repo : source.dir;
  };
  for (
    const name of [
      "pythia-14m",
      "pythia-1.4b",
      "pythia-12b",
      "pythia-70m-deduped",
      "pythia-160m-seed1",
      "pythia-160m-data-seed3",
      "pythia-410m-weight-seed2",
      "pythia-70m-deduped-v0",
      "pythia-160m-hiddendropout",
    ]
  ) assertEquals(repo(name), `EleutherAI/${name}`);
  assertEquals(repo("gpt2"), "openai-community/gpt2");
  assertEquals(repo("gpt2-xl"), "openai-community/gpt2-xl");
  assertEquals(repo("EleutherAI/pythia-160m-seed1"), "EleutherAI/pythia-160m-seed1");
});

Deno.test("modelSource() lists near names for an unknown one", () => {
  const message = (name: string) =>
    (assertThrows(() => modelSource(name, "no folder"), Error) as Error).message;
  assert(/nearest names are .*pythia-160m/.test(message("pythia-161m")));
  assert(/nearest names are .*gpt2-medium/.test(message("gpt2-medum")));
  assert(message("pythia-70m-sed1").includes("pythia-70m-seed1"));
  for (const path of ["./nowhere/model", "/nowhere", "a/b/c", "../x", ""]) {
    assert(message(path).includes("neither an existing folder nor"), path);
  }
});

Deno.test("resolveModel() finds embedded models by name and folders by path", () =>
  withFolder(
    ["tiny/step0/config.json", "tiny/step16/config.json", "one/config.json"],
    async (dir) => {
      const embedded = { embedded: dir };
      assertEquals(await resolveModel("tiny", embedded), join(dir, "tiny/step16"), "the last step");
      assertEquals(
        await resolveModel("tiny", { ...embedded, revision: "step0" }),
        join(dir, "tiny/step0"),
      );
      assertEquals(await resolveModel(join(dir, "one")), join(dir, "one"));
      await assertRejects(() => resolveModel("tine", embedded), Error, "tiny");
    },
  ));

Deno.test("localCheckpoint() lists the steps of a folder", () =>
  withFolder(["step0/a", "step8/a", "step64/a", "steps/a", "step08/a", "step3"], (dir) => {
    assertEquals(listLocalSteps(dir), [0, 8, 64], "only folders, in numeric order");
    assertThrows(
      () => localCheckpoint(dir, "step9"),
      Error,
      "the available steps are step0, step8",
    );
    assertThrows(() => localCheckpoint(dir, "../x"), Error, "no revision ../x");
    assertThrows(() => localCheckpoint(join(dir, "step0")), Error, "no checkpoint");
    assertThrows(() => localCheckpoint(join(dir, "step0"), "step0"), Error, "no step checkpoints");
    return Promise.resolve();
  }));

Deno.test("listLocalSteps() returns an empty list for a missing folder", () => {
  assertEquals(listLocalSteps("no such folder"), []);
});

Deno.test("nearSteps() returns the nearest steps, ascending", () => {
  assertEquals(nearSteps(100, [0, 1, 64, 128, 1000, 2000], 3), [1, 64, 128]);
});
