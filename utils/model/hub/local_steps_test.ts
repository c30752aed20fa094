import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { listLocalSteps, localCheckpoint } from "./local_steps.ts";

async function inFolder(use: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const make = (folder: string, ...names: string[]) =>
  names.forEach((name) => Deno.mkdirSync(join(folder, name)));

Deno.test("checkpoints are step{n} or the Trainer's checkpoint-{n}, by number", () =>
  inFolder((folder) => {
    make(folder, "checkpoint-1000", "checkpoint-500", "step20", "checkpoint-20", "checkpoint-x");
    make(folder, "checkpoint-007", "step-3", "mystep5");
    Deno.writeTextFileSync(join(folder, "checkpoint-30"), "a file");
    assertEquals(listLocalSteps(folder), [20, 500, 1000]);
    assertEquals(localCheckpoint(folder), join(folder, "checkpoint-1000"));
    assertEquals(localCheckpoint(folder, "step500"), join(folder, "checkpoint-500"));
    assertEquals(localCheckpoint(folder, "checkpoint-500"), join(folder, "checkpoint-500"));
    assertEquals(localCheckpoint(folder, "step20"), join(folder, "step20"));
    assertEquals(localCheckpoint(folder, "mystep5"), join(folder, "mystep5"));
    for (
      const [revision, message] of [
        ["step30", "no revision step30; the available steps are step20, step500, step1000"],
        ["..", "no revision .."],
        ["step20/..", "no revision step20/.."],
      ]
    ) {
      assertThrows(() => localCheckpoint(folder, revision), Error, message);
    }
  }));

Deno.test("a folder is its own main checkpoint if it has a config.json, and none without checkpoints", () =>
  inFolder((folder) => {
    assertThrows(() => localCheckpoint(folder), Error, "no checkpoint; expected config.json");
    make(folder, "checkpoint-5");
    assertEquals(localCheckpoint(folder), join(folder, "checkpoint-5"));
    Deno.writeTextFileSync(join(folder, "config.json"), "{}");
    assertEquals(localCheckpoint(folder), folder);
    assertEquals(listLocalSteps(join(folder, "none")), []);
  }));

Deno.test("localCheckpoint() finds folders named as OLMo's branches", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of ["step1000-tokens4B", "stage1-step2000-tokens9B"]) {
      await Deno.mkdir(`${dir}/${name}`);
    }
    assertEquals(listLocalSteps(dir), [1000, 2000]);
    assertEquals(localCheckpoint(dir, "step1000"), `${dir}/step1000-tokens4B`);
    assertEquals(localCheckpoint(dir), `${dir}/stage1-step2000-tokens9B`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
