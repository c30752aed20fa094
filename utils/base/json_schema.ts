/**
 * Values described in words: what a schema allows, and what was found. Settings (`utils/cli`) and result files
 * (`utils/results`) word their errors with it, so that both read the same.
 */
import { z } from "zod";

/** The part of JSON Schema that settings and result files use. */
export type JsonSchema = {
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
  prefixItems?: JsonSchema[];
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
  deprecated?: boolean;
  /** older names of a key; `utils/cli` accepts them */
  aliases?: string[];
};

/** Returns the JSON Schema (draft 2020-12) of the values that a zod schema accepts. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      // zod bounds every integer by the range of exact doubles; the bounds tell a reader nothing
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as JsonSchema;
}

/** Returns the types a value may have: "string", "integer", "number", "boolean", "array", "object", "null". */
export function typesOf(schema: JsonSchema): Set<string> {
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return new Set(parts.flatMap((part) => [...typesOf(part)]));
  return new Set(schema.type === undefined ? [] : [schema.type].flat());
}

/** Describes the allowed values: "an integer ≥ 1", `one of "ioi", "sva"`, "a list, each an integer". */
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

/** Returns the schema of the value at `path` inside a value of `schema`; undefined where the schema says nothing. */
export function schemaAt(
  schema: JsonSchema | undefined,
  path: readonly PropertyKey[],
): JsonSchema | undefined {
  for (const part of path) {
    const parts = schema?.anyOf ?? schema?.oneOf;
    const own: JsonSchema | undefined = parts?.find((s) => s.properties ?? s.items) ?? schema;
    schema = own?.properties?.[String(part)] ?? own?.prefixItems?.[Number(part)] ?? own?.items ??
      (typeof own?.additionalProperties === "object" ? own.additionalProperties : undefined);
  }
  return schema;
}

/** Returns the value at `path` inside `value`; undefined where there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | null | undefined)?.[part],
    value,
  );
}

/** Shows a value as JSON of at most 80 characters. */
export function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? text.slice(0, 77) + "…" : text;
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
