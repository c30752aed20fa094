/**
 * Says what the names in a PyTorch pickle mean. Everything is a description; nothing is imported, called or executed.
 *
 *  - A fixed list of names is read in every pickle: tensors, storages, ordered dictionaries.
 *  - Where the caller allows configurations, a class whose name ends in `Config` becomes a {@link PickledObject} with plain
 *    attributes, `torch.device(…)` a string, and a number format such as `torch.float32` its name.
 *  - Every other name is refused.
 */
import type { Dtype } from "./float16.ts";

/** Refers to a storage: the zip entry `…/data/{key}`. */
export class PickledStorage {
  /** Takes the number format, the key of the zip entry and the number of elements. */
  constructor(readonly dtype: Dtype, readonly key: string, readonly elements: number) {}
}

/** Describes a view of a storage. */
export class PickledTensor {
  /** Takes the storage and the view of it; offset and strides count elements. */
  constructor(
    readonly storage: PickledStorage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}

/** Holds the name of a Python function or class, and only the name. */
export class Global {
  constructor(readonly name: string) {}
}

const STORAGES: Record<string, Dtype> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** Holds a Python object's class name and attributes, and nothing that could run. */
export class PickledObject {
  /** attributes by name */
  readonly attributes: Map<unknown, unknown> = new Map();
  /** Takes the name of the class, with its module. */
  constructor(readonly className: string) {}
}

/** Functions that a pickle may "call", and what each call means. */
const CALLS: Record<string, (args: unknown[]) => unknown> = {
  "collections.OrderedDict": (args) => {
    if (args.length > 0) throw new Error("OrderedDict with arguments; expected an empty one");
    return new Map();
  },
  "torch._utils._rebuild_tensor_v2": ([storage, offset, shape, strides]) => {
    if (!(storage instanceof PickledStorage)) throw new Error("a tensor without a storage");
    return new PickledTensor(storage, natural(offset), naturals(shape), naturals(strides));
  },
  "torch._utils._rebuild_parameter": ([tensor]) => {
    if (!(tensor instanceof PickledTensor)) throw new Error("a parameter without a tensor");
    return tensor;
  },
};

/** More calls, allowed where configurations may be objects. */
const CONFIG_CALLS: typeof CALLS = {
  "torch.device": (args) => {
    if (args.every((arg) => ["string", "number"].includes(typeof arg))) return args.join(":");
    throw new Error("a device that is neither a name nor a number");
  },
};

/** PyTorch's number formats, which a configuration may name. */
const DTYPE =
  /^torch\.(float|double|half|float16|float32|float64|bfloat16|int8|int16|int32|int64)$/;

/** Class of a configuration, such as `sae_training.config.LanguageModelSAERunnerConfig`. */
const CONFIG_CLASS = /^([A-Za-z_]\w*\.)+\w*Config$/;

/**
 * Returns what a name in a pickle stands for: a {@link Global}, or the name itself for a number format.
 * @param configs whether configurations may be objects
 * @throws Error naming the name, if it is not allowed
 */
export function allowedGlobal(name: string, configs: boolean): Global | string {
  if (Object.hasOwn(CALLS, name) || Object.hasOwn(STORAGES, name)) return new Global(name);
  if (configs && DTYPE.test(name)) return name;
  if (configs && (Object.hasOwn(CONFIG_CALLS, name) || CONFIG_CLASS.test(name))) {
    return new Global(name);
  }
  throw new Error(
    `the global ${name} is forbidden: a pickle is read as data and never executed; ` +
      `allowed: ${[...Object.keys(CALLS), ...Object.keys(STORAGES)].join(", ")}`,
  );
}

/** Returns what a call means. @throws Error if the callee is not a function, or its arguments are not those it takes. */
export function calledValue(callee: unknown, args: unknown): unknown {
  if (!(callee instanceof Global) || !Array.isArray(args)) throw new Error("malformed call");
  const calls = [CALLS, CONFIG_CALLS].find((calls) => Object.hasOwn(calls, callee.name));
  if (!calls) throw new Error(`${callee.name} is not callable`);
  return calls[callee.name](args);
}

/** Returns an object without attributes. @throws Error if the class is not a configuration's, or takes arguments. */
export function newObject(type: unknown, args: unknown): PickledObject {
  if (!(type instanceof Global) || !CONFIG_CLASS.test(type.name)) {
    throw new Error("a new object of something other than a configuration's class");
  }
  if (!Array.isArray(args) || args.length > 0) {
    throw new Error(`${type.name} with arguments; expected none`);
  }
  return new PickledObject(type.name);
}

/** Returns the storage that a persistent id refers to. @throws Error if it refers to something else. */
export function storageOf(id: unknown): PickledStorage {
  const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || !(type instanceof Global) || !Object.hasOwn(STORAGES, type.name)) {
    throw new Error("a persistent id that is not a storage");
  }
  if (typeof key !== "string") throw new Error("a storage without a key");
  return new PickledStorage(STORAGES[type.name], key, natural(elements));
}

/** PyTorch's limit. */
const MOST_AXES = 64;

/** Describes a value of a pickle in a few words. Lists may share parts, so that their text would never end. */
export function described(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "a dictionary";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function natural(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Error(`found ${described(value)}; expected a non-negative integer`);
}

function naturals(value: unknown): number[] {
  if (!Array.isArray(value)) throw new Error("a shape or strides that are not a tuple");
  if (value.length > MOST_AXES) {
    throw new Error(`${value.length} axes; expected at most ${MOST_AXES}`);
  }
  return value.map(natural);
}
