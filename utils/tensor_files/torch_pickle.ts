/**
 * Interprets the pickles inside PyTorch checkpoints (opcodes: Python's Lib/pickle.py and pickletools).
 *
 * A pickle is a program for a stack machine. This interpreter knows only the opcodes that plain containers and tensors
 * need. A pickle may name only the functions of a fixed list, each read as a description: a
 * `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, …)` becomes a {@link PickledTensor}, a persistent
 * id `("storage", type, key, device, elements)` a {@link PickledStorage}. Any other name is refused. Nothing is
 * imported, called or executed.
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
class Global {
  constructor(readonly name: string) {}
}

const MARK = Symbol("mark");

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

/**
 * Returns the object that a pickle describes: a dictionary as Map, a list or tuple as array, a tensor as PickledTensor.
 * @throws Error naming the byte, and the opcode or global that is not allowed or the malformed part
 */
export function interpretPickle(bytes: Uint8Array): unknown {
  const machine = new PickleMachine(bytes);
  try {
    return machine.run();
  } catch (cause) {
    throw new Error(`pickle byte ${machine.opcodeAt}: ${(cause as Error).message}`, { cause });
  }
}

class PickleMachine {
  opcodeAt = 0;
  #at = 0;
  #view: DataView;
  #stack: unknown[] = [];
  #memo = new Map<number, unknown>();

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    while (true) {
      this.opcodeAt = this.#at;
      const opcode = this.#unsigned(1);
      if (opcode === 0x2e) return this.#pop(); // STOP
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    switch (String.fromCharCode(opcode)) {
      case "\x80": { // PROTO
        const protocol = this.#unsigned(1);
        if (protocol > 5) throw new Error(`protocol ${protocol}; expected at most 5`);
        return;
      }
      case "\x95": // FRAME
        this.#take(8);
        return;
      case "(":
        return this.#push(MARK);
      case "}":
        return this.#push(new Map());
      case "]":
      case ")":
        return this.#push([]);
      case "N":
        return this.#push(null);
      case "\x88":
        return this.#push(true);
      case "\x89":
        return this.#push(false);
      case "K": // BININT1
        return this.#push(this.#unsigned(1));
      case "M": // BININT2
        return this.#push(this.#unsigned(2));
      case "J": // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case "\x8a": // LONG1
        return this.#push(this.#long(this.#unsigned(1)));
      case "G": // BINFLOAT
        return this.#push(this.#view.getFloat64(this.#take(8), false));
      case "X": // BINUNICODE
        return this.#push(this.#text(this.#unsigned(4)));
      case "\x8c": // SHORT_BINUNICODE
        return this.#push(this.#text(this.#unsigned(1)));
      case "q": // BINPUT
        this.#memo.set(this.#unsigned(1), this.#top());
        return;
      case "r": // LONG_BINPUT
        this.#memo.set(this.#unsigned(4), this.#top());
        return;
      case "\x94": // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case "h": // BINGET
        return this.#push(this.#remembered(this.#unsigned(1)));
      case "j": // LONG_BINGET
        return this.#push(this.#remembered(this.#unsigned(4)));
      case "t": // TUPLE
        return this.#push(this.#popToMark());
      case "\x85":
        return this.#push(this.#popMany(1));
      case "\x86":
        return this.#push(this.#popMany(2));
      case "\x87":
        return this.#push(this.#popMany(3));
      case "a": { // APPEND
        const value = this.#pop();
        this.#list().push(value);
        return;
      }
      case "e": { // APPENDS
        const values = this.#popToMark();
        const list = this.#list();
        for (const value of values) list.push(value);
        return;
      }
      case "s": // SETITEM
        return this.#setItems(this.#popMany(2));
      case "u": // SETITEMS
        return this.#setItems(this.#popToMark());
      case "c": { // GLOBAL
        const module = this.#line();
        return this.#push(allowedGlobal(`${module}.${this.#line()}`));
      }
      case "\x93": { // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        return this.#push(allowedGlobal(`${module}.${name}`));
      }
      case "Q": // BINPERSID
        return this.#push(storageOf(this.#pop()));
      case "R": { // REDUCE
        const [callee, args] = this.#popMany(2);
        if (!(callee instanceof Global) || !Array.isArray(args)) throw new Error("malformed call");
        if (!Object.hasOwn(CALLS, callee.name)) throw new Error(`${callee.name} is not callable`);
        return this.#push(CALLS[callee.name](args));
      }
      case "b": // BUILD: attributes of a dictionary, such as `_metadata`, hold no tensors
        this.#pop();
        if (!(this.#top() instanceof Map)) throw new Error("attributes set on a non-dictionary");
        return;
      default:
        throw new Error(
          `opcode 0x${opcode.toString(16).padStart(2, "0")} is refused: tensors do not need it`,
        );
    }
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    return this.#popMany(1)[0];
  }

  #popMany(n: number): unknown[] {
    if (this.#stack.length < n) throw new Error("the stack is empty");
    return this.#stack.splice(this.#stack.length - n);
  }

  #popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error("no mark on the stack");
    return this.#stack.splice(mark).slice(1);
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw new Error("the stack is empty");
    return this.#stack[this.#stack.length - 1];
  }

  #list(): unknown[] {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Error("append to a non-list");
    return list;
  }

  #setItems(items: unknown[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map)) throw new Error("item set on a non-dictionary");
    for (let i = 0; i + 1 < items.length; i += 2) dictionary.set(items[i], items[i + 1]);
  }

  #remembered(key: number): unknown {
    if (!this.#memo.has(key)) throw new Error(`memo ${key} was never stored`);
    return this.#memo.get(key);
  }

  /** Consumes the next `n` bytes and returns their position. */
  #take(n: number): number {
    const at = this.#at;
    if (at + n > this.bytes.length) throw new Error("the pickle ends too early");
    this.#at += n;
    return at;
  }

  #unsigned(width: 1 | 2 | 4): number {
    const at = this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  #long(width: number): number {
    const at = this.#take(width);
    let value = 0n;
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[at + i]);
    return Number(BigInt.asIntN(8 * width, value));
  }

  #text(n: number): string {
    const at = this.#take(n);
    return new TextDecoder().decode(this.bytes.subarray(at, at + n));
  }

  #line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new Error("the pickle ends inside a name");
    const text = this.#text(end - this.#at);
    this.#take(1);
    return text;
  }
}

function allowedGlobal(name: string): Global {
  if (Object.hasOwn(CALLS, name) || Object.hasOwn(STORAGES, name)) return new Global(name);
  throw new Error(
    `the global ${name} is forbidden: a pickle is read as data and never executed; ` +
      `allowed: ${[...Object.keys(CALLS), ...Object.keys(STORAGES)].join(", ")}`,
  );
}

function storageOf(id: unknown): PickledStorage {
  const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || !(type instanceof Global) || !Object.hasOwn(STORAGES, type.name)) {
    throw new Error("a persistent id that is not a storage");
  }
  if (typeof key !== "string") throw new Error("a storage without a key");
  return new PickledStorage(STORAGES[type.name], key, natural(elements));
}

function natural(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Error(`found ${String(value)}; expected a non-negative integer`);
}

function naturals(value: unknown): number[] {
  if (!Array.isArray(value)) throw new Error("a shape or strides that are not a tuple");
  return value.map(natural);
}
