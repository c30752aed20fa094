/**
 * The JSON Schema of a script's settings, derived from its zod schema. The editor (`configs/schema/{script}.json`), the
 * flags, the help text and the error messages all use it, so they cannot disagree.
 */
import { join } from "@std/path";
import type { z } from "zod";
import { type JsonSchema, toJsonSchema, writeFileAtomic } from "../base/mod.ts";

/** A script's settings: one object. Every key has a description, and most have a default. */
export type ConfigSchema = z.ZodObject;

/**
 * Returns the JSON Schema (draft 2020-12) of a config file. It allows the key `$schema`, rejects unknown keys, and makes
 * keys with a default optional.
 */
export function jsonSchemaOf(
  schema: ConfigSchema,
  title?: string,
  description?: string,
): JsonSchema {
  const { $schema, ...rest } = toJsonSchema(schema);
  return {
    $schema,
    ...(title && { title }),
    ...(description && { description }),
    ...rest,
    properties: {
      $schema: { type: "string", description: "this schema, for editors" },
      ...rest.properties,
    },
    additionalProperties: false,
  };
}

/** Returns the schema of each key, in the order of declaration. */
export function configKeys(schema: ConfigSchema): Map<string, JsonSchema> {
  const { $schema: _, ...keys } = jsonSchemaOf(schema).properties!;
  return new Map(Object.entries(keys));
}

/**
 * Writes `configs/schema/{name}.json` for each script, so that an editor can complete and check its configs.
 * @returns the paths written
 */
export async function writeSchemas(
  scripts: readonly { name: string; description: string; schema: ConfigSchema }[],
  folder = "configs/schema",
): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, description, schema } of scripts) {
    const path = join(folder, `${name}.json`);
    await writeFileAtomic(
      path,
      JSON.stringify(jsonSchemaOf(schema, name, description), null, 2) + "\n",
    );
    paths.push(path);
  }
  return paths;
}
