import { assert, assertStringIncludes } from "@std/assert";

/** Scripts of this folder that can be run. */
function commands(): string[] {
  const folder = new URL("./", import.meta.url);
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .filter((name) => Deno.readTextFileSync(new URL(name, folder)).includes("import.meta.main"))
    .sort();
}

Deno.test("README shows every command of plotting/, with an example", () => {
  const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
  assert(commands().length >= 13);
  for (const name of commands()) {
    assertStringIncludes(readme, `deno run -A plotting/${name} `);
  }
});

Deno.test("--help of every command of plotting/ has an example", async () => {
  for (const name of commands()) {
    const script = new URL(name, import.meta.url).pathname;
    const { stdout, code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script, "--help"],
    }).output();
    const help = new TextDecoder().decode(stdout);
    assert(code === 0, `${name} --help ends with ${code}`);
    assertStringIncludes(help, `deno run -A plotting/${name} `);
  }
});
