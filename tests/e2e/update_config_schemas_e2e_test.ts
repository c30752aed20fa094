import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readConfigFile, resolveConfig } from "../../utils/cli/config.ts";
import { writeSchemas } from "../../utils/cli/config_schema.ts";
import { SCRIPTS } from "../../update_config_schemas.ts";

const CONFIGS = new URL("../../configs/", import.meta.url).pathname;

async function* jsonFiles(dir: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(dir)) {
    const path = join(dir, entry.name);
    if (entry.isDirectory) {
      if (entry.name !== "schema") yield* jsonFiles(path);
    } else if (entry.name.endsWith(".json")) yield path;
  }
}

Deno.test("configs/schema holds the schemas that the scripts have now", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const path of await writeSchemas(SCRIPTS, dir)) {
      const name = path.slice(dir.length + 1);
      const committed = await Deno.readTextFile(join(CONFIGS, "schema", name)).catch(() =>
        "missing"
      );
      assertEquals(
        committed,
        await Deno.readTextFile(path),
        `${name}: run update_config_schemas.ts`,
      );
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("every config file names its schema and is accepted by its script", async () => {
  let count = 0;
  for await (const path of jsonFiles(CONFIGS)) {
    const values = readConfigFile(path);
    const schemaPath = join(path, "..", String(values.$schema));
    const name = /([^/]+)\.json$/.exec(schemaPath)?.[1];
    const script = SCRIPTS.find((s) => s.name === name);
    assert(script, `${path}: $schema ${values.$schema} belongs to no script`);
    assert((await Deno.stat(schemaPath)).isFile, `${path}: ${schemaPath}`);
    resolveConfig(script!.schema, { file: { path, values } });
    count++;
  }
  assert(count > 40, `${count} config files`);
});
