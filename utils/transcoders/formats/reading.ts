/** Reads configurations and tensors of coder files, with errors that name file, key, what was found and what was expected. */
import type { z } from "zod";
import { parseYaml, readJson, shortJson } from "../../base/mod.ts";
import type { F32 } from "../../onnx/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import type { CheckpointFiles } from "../../tensor_files/mod.ts";

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** Returns the object in a JSON file. @throws Error naming the file if it is missing, damaged or not an object. */
export async function readObject(path: string): Promise<JsonObject> {
  const json = await readJson(path);
  if (json === undefined) throw new Error(`${path} is missing`);
  return asObject(json, path);
}

/** Returns the object in a YAML file. @throws Error naming the file if it is missing, damaged or not an object. */
export async function readYamlObject(path: string): Promise<JsonObject> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`${path} is missing`, { cause });
  });
  return asObject(parseYaml(text, path), path);
}

function asObject(value: unknown, path: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new Error(`${path}: found ${shortJson(value)}; expected an object`);
}

/** Returns an object's fields as a schema wants them. @throws Error naming file, key, what was found and expected. */
export function fieldsOf<T>(schema: z.ZodType<T>, object: JsonObject, path: string): T {
  const result = schema.safeParse(object);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const found = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      object,
    );
    return `${issue.path.join(".")}: ${issue.message} (found ${shortJson(found)})`;
  });
  throw new Error(`${path}: ${problems.join("; ")}`);
}

/**
 * Reads a tensor.
 * @param from what the expected shape follows from
 * @throws Error naming file, tensor, shape found and shape expected.
 */
export async function readTensor(
  files: CheckpointFiles,
  name: string,
  shape: readonly number[],
  from: string,
): Promise<F32> {
  const info = files.info(name);
  if (String(info.shape) !== String(shape)) {
    throw new Error(
      `${info.file}: tensor ${name} has shape [${info.shape.join(", ")}]; ` +
        `expected [${shape.join(", ")}] from ${from}`,
    );
  }
  return tensor(await files.read(name), [...shape]);
}

/** Returns the two sizes of a matrix. @throws Error naming file, tensor and shape if it is not a matrix. */
export function matrixSizes(files: CheckpointFiles, name: string): [number, number] {
  const { shape, file } = files.info(name);
  if (shape.length === 2) return [shape[0], shape[1]];
  throw new Error(`${file}: tensor ${name} has shape [${shape.join(", ")}]; expected a matrix`);
}

/** Checks that a file has no tensors but these. @throws Error naming the file and the tensors. */
export function checkNames(files: CheckpointFiles, known: readonly string[]): void {
  const unknown = files.names().filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `${files.dir}: unknown tensor ${unknown.join(", ")}; expected only ${known.join(", ")}`,
  );
}

/** Returns the layer in `blocks.3.…`. @throws Error naming file, key and name if there is none. */
export function layerOfHook(name: string, path: string, key: string): number {
  const match = /^blocks\.(\d+)\./.exec(name);
  if (match) return Number(match[1]);
  throw new Error(
    `${path}: ${key} is ${shortJson(name)}; expected a hook point blocks.{layer}.{point}`,
  );
}
