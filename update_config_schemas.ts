/**
 * Writes the JSON Schema of every script's settings to `configs/schema/`, so that an editor completes and checks config
 * files. Run it after changing a script's keys; a test compares the files with the scripts.
 *
 *   deno run -A update_config_schemas.ts
 */
import { writeSchemas } from "./utils/experiment/config_schema.ts";
import { script as circuits } from "./get_circuits_over_time.ts";

export const SCRIPTS = [circuits];

if (import.meta.main) {
  for (const path of await writeSchemas(SCRIPTS)) console.log(path);
}
