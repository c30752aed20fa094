import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  checkWritable,
  readJson,
  withFolderLocked,
  WriteError,
  writeFileAtomic,
  writeJsonAtomic,
} from "./files.ts";

const filesUrl = new URL("./files.ts", import.meta.url).href;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** A process that writes 4 MB of one letter to {folder}/file again and again, a letter at a time. */
function writer(folder: string): Deno.ChildProcess {
  const code = `import { writeFileAtomic } from ${JSON.stringify(filesUrl)};
    for (let i = 0;; i++) {
      await writeFileAtomic(${JSON.stringify(folder + "/file")}, "ab"[i % 2].repeat(4_000_000));
      if (i === 0) console.log("ready");
    }`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", code],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
  }).spawn();
}

Deno.test("writeFileAtomic() makes folders, replaces files and leaves nothing beside them", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a/b/file.json`;
    await writeFileAtomic(path, "long first text");
    await writeFileAtomic(path, new Uint8Array([104, 105]));
    assertEquals(await Deno.readTextFile(path), "hi");
    assertEquals(namesIn(`${folder}/a/b`), ["file.json"]);
  }));

Deno.test("writeFileAtomic() leaves a whole file when its process is killed at any moment", () =>
  inFolder(async (folder) => {
    for (const [trial, pause] of [0, 3, 8].entries()) {
      const own = `${folder}/${trial}`;
      const process = writer(own);
      const reader = process.stdout.getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, pause));
      process.kill("SIGKILL");
      await process.status;
      await reader.cancel();
      const text = await Deno.readTextFile(`${own}/file`);
      assertEquals(text.length, 4_000_000);
      assertEquals(text, text[0].repeat(4_000_000));
      // the next process to write there clears away what the dead one left
      await writeFileAtomic(`${own}/other`, "x");
      assertEquals(namesIn(own), ["file", "other"]);
    }
  }));

Deno.test("writeFileAtomic() removes abandoned temporary files and no others", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/old.json.123.tmp`, "{");
    await Deno.writeTextFile(`${folder}/new.json.123.0123456789ab.tmp`, "{");
    await Deno.writeTextFile(`${folder}/mine.tmp`, "kept");
    using busy = await Deno.open(`${folder}/busy.json.124.tmp`, { write: true, create: true });
    await busy.lock(true);
    await writeFileAtomic(`${folder}/new.json`, "{}");
    assertEquals(namesIn(folder), ["busy.json.124.tmp", "mine.tmp", "new.json"]);
  }));

Deno.test("writeFileAtomic() opens another temporary file when a sweep has removed the first", () =>
  inFolder(async (folder) => {
    const open = Deno.openSync;
    const opened: string[] = [];
    // what a process does that sweeps the folder between the writer's open and its lock
    Deno.openSync = (path, options) => {
      const file = open(path, options);
      if (opened.push(String(path)) === 1) Deno.removeSync(path);
      return file;
    };
    try {
      await writeFileAtomic(`${folder}/file`, "whole");
    } finally {
      Deno.openSync = open;
    }
    assertEquals(opened.length, 2);
    assertEquals(new Set(opened).size, 2, "each has its own name");
    assertEquals(await Deno.readTextFile(`${folder}/file`), "whole");
    assertEquals(namesIn(folder), ["file"]);
  }));

Deno.test("writeFileAtomic() writes again when another host removes its temporary file", () =>
  inFolder(async (folder) => {
    const rename = Deno.renameSync;
    let renames = 0;
    Deno.renameSync = (from, to) => {
      if (renames++ === 0) Deno.removeSync(from);
      rename(from, to);
    };
    try {
      await writeFileAtomic(`${folder}/file`, "whole");
    } finally {
      Deno.renameSync = rename;
    }
    assertEquals([renames, await Deno.readTextFile(`${folder}/file`)], [2, "whole"]);
    assertEquals(namesIn(folder), ["file"]);
  }));

Deno.test("writeFileAtomic() keeps the old file and says so when the folder cannot take a new one", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken/inside`, { recursive: true });
    const error = await assertRejects(() => writeFileAtomic(`${folder}/taken`, "x"));
    assertInstanceOf(error, WriteError);
    assertEquals(error.message.startsWith(`cannot write ${folder}/taken: `), true);
    assertEquals(namesIn(folder), ["taken"]);
  }));

const canMount = Deno.build.os === "linux" &&
  await new Deno.Command("unshare", { args: ["-rm", "true"], stderr: "null" }).output()
    .then(({ success }) => success, () => false);

Deno.test({
  name: "writeFileAtomic() on a full disk keeps the old file and removes what it began",
  ignore: !canMount,
  fn: () =>
    inFolder(async (folder) => {
      const code = `import { writeFileAtomic } from ${JSON.stringify(filesUrl)};
        const path = ${JSON.stringify(`${folder}/file`)};
        await writeFileAtomic(path, "old");
        const error = await writeFileAtomic(path, "x".repeat(200_000)).catch((error) => error);
        const names = [...Deno.readDirSync(${JSON.stringify(folder)})].map(({ name }) => name);
        console.log(JSON.stringify([error.name, error.message, await Deno.readTextFile(path), names]));`;
      const { stdout } = await new Deno.Command("unshare", {
        args: [
          "-rm",
          "sh",
          "-c",
          'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" eval --ext=ts "$3"',
          "sh",
          folder,
          Deno.execPath(),
          code,
        ],
        cwd: new URL("../../", import.meta.url),
      }).output();
      const [name, message, content, names] = JSON.parse(new TextDecoder().decode(stdout));
      assertEquals(name, "WriteError");
      assertEquals(message.startsWith(`cannot write ${folder}/file: No space left`), true, message);
      assertEquals(content, "old");
      assertEquals(names, ["file"]);
    }),
});

Deno.test("readJson() returns what writeJsonAtomic() wrote, undefined without a file", () =>
  inFolder(async (folder) => {
    const value = { b: [1, 2], a: { c: "ü" } };
    await writeJsonAtomic(`${folder}/x.json`, value);
    assertEquals(await readJson(`${folder}/x.json`), value);
    assertEquals(await readJson(`${folder}/none.json`), undefined);
    await Deno.writeTextFile(`${folder}/x.json`, '{"a": [1,');
    await assertRejects(
      () => readJson(`${folder}/x.json`),
      Error,
      `${folder}/x.json is not valid JSON: `,
    );
  }));

Deno.test("checkWritable() refuses what cannot be written before anything is made, and leaves nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    checkWritable(`${folder}/a/b/c.json`);
    assertEquals([...Deno.readDirSync(folder)], []);
    await Deno.writeTextFile(`${folder}/file`, "");
    assertThrows(() => checkWritable(`${folder}/file/c.json`), WriteError, "file/c.json");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "withFolderLocked() excludes others while it runs, and lets go after an error",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const free = () => {
      using other = Deno.openSync(folder, { read: true });
      return other.tryLockSync(true);
    };
    try {
      assertEquals(withFolderLocked(folder, free), false);
      assertEquals(free(), true);
      assertThrows(() => withFolderLocked(folder, () => assertEquals(1, 2)));
      assertEquals(free(), true);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
