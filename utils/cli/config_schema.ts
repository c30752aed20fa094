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
  const keys: [string, JsonSchema][] = [];
  for (const [key, { aliases = [], ...own }] of Object.entries(rest.properties ?? {})) {
    keys.push([key, own]);
    const { default: _, description: __, ...values } = own;
    for (const alias of aliases) {
      keys.push([alias, { ...values, description: `older name of ${key}`, deprecated: true }]);
    }
  }
  return {
    $schema,
    ...(title && { title }),
    ...(description && { description }),
    ...rest,
    properties: {
      $schema: { type: "string", description: "this schema, for editors" },
      ...Object.fromEntries(keys),
    },
    additionalProperties: false,
  };
}

/** Returns the schema of each key, in the order of declaration. */
export function configKeys(schema: ConfigSchema): Map<string, JsonSchema> {
  return new Map(Object.entries(toJsonSchema(schema).properties!));
}

/** Returns the key's schema with older names, which config files and flags may use instead. */
export function alsoNamed<S extends z.ZodType>(schema: S, ...aliases: string[]): S {
  return schema.meta({ ...schema.meta(), aliases });
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
