/**
 * What a config may hold, read from the script's zod schema by way of JSON Schema. One description serves the editor
 * (`configs/schema/{script}.json`), the flags, the help text and the error messages, so they cannot disagree.
 */
import { join } from "@std/path";
import { z } from "zod";
import { writeFileAtomic } from "../base/files.ts";

/** A script's config: one object, each key with a description and mostly a default. */
export type ConfigSchema = z.ZodObject;

/** The part of JSON Schema that configs use. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  pattern?: string;
}

/**
 * The JSON Schema (draft 2020-12) of a config file: `$schema` is an allowed key, unknown keys are not, and keys with
 * a default may be left out.
 */
export function jsonSchemaOf(
  schema: ConfigSchema,
  title?: string,
  description?: string,
): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      // zod bounds every integer by what a double can hold, which tells a reader nothing
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as JsonSchema;
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

/** The schema of each config key, in the order of declaration. */
export function configKeys(schema: ConfigSchema): Map<string, JsonSchema> {
  const { $schema: _, ...keys } = jsonSchemaOf(schema).properties!;
  return new Map(Object.entries(keys));
}

/** Types a value of this schema may have: "string", "integer", "number", "boolean", "array", "object", "null". */
export function typesOf(schema: JsonSchema): Set<string> {
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return new Set(parts.flatMap((part) => [...typesOf(part)]));
  return new Set(schema.type === undefined ? [] : [schema.type].flat());
}

/** The allowed values in words: "an integer ≥ 1", `one of "ioi", "sva"`, "a list, each an integer". */
export function allowedValues(schema: JsonSchema): string {
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return parts.map(allowedValues).join(" or ");
  if (schema.enum) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const words = [...typesOf(schema)].map((type) => {
    switch (type) {
      case "integer":
        return `an integer${range(schema)}`;
      case "number":
        return `a number${range(schema)}`;
      case "boolean":
        return "true or false";
      case "array":
        return (schema.minItems ? "a non-empty list" : "a list") +
          (schema.items && Object.keys(schema.items).length
            ? `, each ${allowedValues(schema.items)}`
            : "");
      case "null":
        return "null";
      case "object":
        return "an object";
      default:
        return `a ${schema.minLength ? "non-empty " : ""}${type}` +
          (schema.pattern ? ` matching ${schema.pattern}` : "");
    }
  });
  return words.length ? words.join(" or ") : "another value";
}

/**
 * Writes `configs/schema/{name}.json` for each script, so that an editor completes and checks its configs.
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

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low = minimum !== undefined
    ? `≥ ${minimum}`
    : exclusiveMinimum !== undefined
    ? `> ${exclusiveMinimum}`
    : "";
  const high = maximum !== undefined
    ? `≤ ${maximum}`
    : exclusiveMaximum !== undefined
    ? `< ${exclusiveMaximum}`
    : "";
  return low || high ? ` ${[low, high].filter(Boolean).join(" and ")}` : "";
}
