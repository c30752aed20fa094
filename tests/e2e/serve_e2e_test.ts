/** `serve.ts` as a user runs it: any free port, Ctrl-C, mistakes. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";

Deno.test("serve.ts prints an address that answers, and ends with Ctrl-C", () =>
  inFolder(async (folder) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "serve.ts", folder, "--port", "0"],
      cwd: new URL("../../", import.meta.url),
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read();
    const [, address] = /^(http:\/\/127\.0\.0\.1:\d+\/) {2}shows \S+; Ctrl-C ends it\n$/.exec(
      value!,
    )!;
    const answer = await fetch(address);
    assertEquals(answer.status, 200);
    assertMatch(await answer.text(), /<h1>Results<\/h1>/);
    const { port } = new URL(address);
    const taken = await run("serve", folder, "--port", port);
    assertOneLine(taken, 1, new RegExp(`port ${port} is in use; choose another with --port`));
    child.kill("SIGINT");
    assertEquals((await child.status).code, 0);
    await reader.cancel();
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("serve.ts names what is wrong with its arguments in one line", () =>
  inFolder(async (folder) => {
    const file = join(folder, "labels.json");
    await Deno.writeTextFile(file, "[]");
    const wrong: [string[], number, RegExp][] = [
      [[join(folder, "none")], 1, /expected a folder of results, found nothing at \S+none; /],
      [[file], 1, /expected a folder of results, found a file at /],
      [
        [folder, "--port", "70000"],
        2,
        /--port: expected an integer from 0 to 65535, found "70000"/,
      ],
      [[folder, "--port", "0"], 1, /labels\.json: .*; move it away/],
    ];
    for (const [args, code, message] of wrong) {
      assertOneLine(await run("serve", ...args), code, message);
    }
  }));
