import { assert } from "@std/assert";
import { readNotebook } from "../notebooks/notebook.ts";
import { moduleOf } from "../notebooks/run_notebook.ts";

const NAMES = ["ioi_circuit", "ioi_over_training"];

Deno.test("the code of the notebooks passes the type checker", async () => {
  const modules = await Promise.all(NAMES.map(async (name) => {
    const notebook = new URL(`./${name}.ipynb`, import.meta.url).pathname;
    const path = new URL(`./.${name}.${Deno.pid}.check.ts`, import.meta.url).pathname;
    await Deno.writeTextFile(path, moduleOf(await readNotebook(notebook)));
    return path;
  }));
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", ...modules],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Promise.all(modules.map((path) => Deno.remove(path)));
  }
});
