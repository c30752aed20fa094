/**
 * Interprets the pickles inside PyTorch checkpoints (opcodes: Python's Lib/pickle.py and pickletools).
 *
 * A pickle is a program for a stack machine. This interpreter knows only the opcodes that plain containers and tensors
 * need. A pickle may name only the functions of a fixed list, each read as a description: a
 * `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, …)` becomes a {@link PickledTensor}, a persistent
 * id `("storage", type, key, device, elements)` a {@link PickledStorage}. Any other name is refused. Nothing is
 * imported, called or executed.
 */
import {
  allowedGlobal,
  calledValue,
  described,
  newObject,
  PickledObject,
  PickledStorage,
  PickledTensor,
  storageOf,
} from "./pickle_names.ts";

export { PickledObject, PickledStorage, PickledTensor };

/** Most opcodes accepted: a few dozen per tensor, and the largest models have thousands of tensors. */
const MOST_OPCODES = 500_000;

const MARK = Symbol("mark");

/**
 * Returns the object that a pickle describes: a dictionary as Map, a list or tuple as array, a tensor as PickledTensor.
 * @param configs whether configurations may be objects, which become {@link PickledObject}s; default: refused
 * @throws Error naming the byte, and the opcode or global that is not allowed or the malformed part
 */
export function interpretPickle(bytes: Uint8Array, configs = false): unknown {
  const machine = new PickleMachine(bytes, configs);
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

  constructor(readonly bytes: Uint8Array, readonly configs: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (let n = 0;; n++) {
      if (n === MOST_OPCODES) {
        throw new Error(`more than ${MOST_OPCODES} opcodes; the tensors of a model need far fewer`);
      }
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
        return this.#push(allowedGlobal(`${module}.${this.#line()}`, this.configs));
      }
      case "\x93": { // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw new Error(`a global named by ${described(name)}; expected text`);
        }
        return this.#push(allowedGlobal(`${module}.${name}`, this.configs));
      }
      case "Q": // BINPERSID
        return this.#push(storageOf(this.#pop()));
      case "R": { // REDUCE
        const [callee, args] = this.#popMany(2);
        return this.#push(calledValue(callee, args));
      }
      case "b": // BUILD
        return this.#build(this.#pop(), this.#top());
      case "\x81": // NEWOBJ
        if (this.configs) {
          const [type, args] = this.#popMany(2);
          return this.#push(newObject(type, args));
        }
    }
    throw new Error(
      `opcode 0x${opcode.toString(16).padStart(2, "0")} is refused: tensors do not need it`,
    );
  }

  /** Sets attributes. Those of a dictionary, such as `_metadata`, hold no tensors and are dropped. */
  #build(state: unknown, object: unknown): void {
    if (object instanceof Map) return;
    if (!(object instanceof PickledObject)) throw new Error("attributes set on a non-dictionary");
    if (!(state instanceof Map)) throw new Error("attributes that are not a dictionary");
    for (const [name, value] of state) object.attributes.set(name, value);
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
