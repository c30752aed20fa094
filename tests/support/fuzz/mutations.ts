/** Seeded damage: to bytes as a disk or a network does it, to the structure of JSON as an attacker does it. */
import { integer, pick, type Rng } from "../../../utils/text/random.ts";

/** Returns a damaged copy. */
export type Mutate = (rng: Rng, bytes: Uint8Array) => Uint8Array;

const times = (rng: Rng, most: number) => integer(rng, 1, most);

/** Integers at which formats break: limits of their widths, signs, sizes of no machine. */
const LIMITS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

const splice = (bytes: Uint8Array, at: number, removed: number, added: ArrayLike<number> = []) => {
  const out = new Uint8Array(bytes.length - removed + added.length);
  out.set(bytes.subarray(0, at));
  out.set(added, at);
  out.set(bytes.subarray(at + removed), at + added.length);
  return out;
};

/** One change of bytes. */
function change(rng: Rng, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  // Formats say what matters at the start and at the end.
  const near = pick(rng, [bytes.length, Math.min(bytes.length, 200), -Math.min(bytes.length, 200)]);
  const at = near > 0 ? integer(rng, 0, near - 1) : bytes.length + integer(rng, near, -1);
  const rest = bytes.length - at;
  const length = Math.min(rest, pick(rng, [1, 2, 4, 8, 50, 1000]));
  switch (integer(rng, 0, 6)) {
    case 0: {
      const out = bytes.slice();
      out[at] ^= 1 << integer(rng, 0, 7);
      return out;
    }
    case 1: {
      const out = bytes.slice();
      out[at] = integer(rng, 0, 255);
      return out;
    }
    case 2:
      return splice(bytes, at, length);
    case 3:
      return splice(bytes, at, 0, bytes.subarray(at, at + length));
    case 4:
      return bytes.slice(0, at);
    case 5:
      return splice(bytes, at, 0, Array.from({ length }, () => integer(rng, 0, 255)));
    default: {
      const out = bytes.slice();
      const width = pick(rng, [1, 2, 4, 8].filter((n) => n <= rest));
      const limit = pick(rng, LIMITS);
      for (let i = 0; i < width; i++) {
        out[at + i] = i < 4 ? limit >>> (8 * i) : limit === 1 ? 0 : 0xff;
      }
      return out;
    }
  }
}

/** Damages bytes in one to three places. */
export const mutateBytes: Mutate = (rng, bytes) => {
  for (let n = times(rng, 3); n > 0; n--) bytes = change(rng, bytes);
  return bytes;
};

/** Text that stands for a value; JSON cannot write the numbers. */
const RAW: Record<string, string> = {
  "@huge": "1e999",
  "@deep": "[".repeat(5000) + "]".repeat(5000),
  "@long": `"${"x".repeat(20_000)}"`,
};

const VALUES = [
  ...[null, true, false, 0, -1, 1, 0.5, 1e15, 2 ** 31, 2 ** 53, -1e300, 1e-320],
  ...["", "x", "0", "../..", "a0.h0", "__proto__", "\0", "\n", "é😀"],
  ...[[], {}, [[]], [null], [{}], { x: 1 }, [[1, 2], [3]], ...Object.keys(RAW)],
] as const;

type Place = { holder: Record<string, unknown> | unknown[]; key: string };

function places(root: unknown): Place[] {
  const found: Place[] = [];
  const visit = (holder: unknown) => {
    if (typeof holder !== "object" || holder === null) return;
    const keys = Object.keys(holder);
    // of a long list the first and last items, so that keys further out are hit as often
    const some = Array.isArray(holder) && keys.length > 4
      ? [...keys.slice(0, 2), ...keys.slice(-2)]
      : keys;
    for (const key of some) {
      found.push({ holder: holder as Record<string, unknown>, key });
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  return found;
}

/** Changes one value of a JSON document. */
function changeValue(rng: Rng, root: unknown): unknown {
  const all = places(root);
  // a copy: a value that is put into itself would be a circle
  const any = () => structuredClone(pick(rng, VALUES)) as unknown;
  if (all.length === 0) return any();
  const { holder, key } = pick(rng, all);
  const object = holder as Record<string, unknown>;
  switch (integer(rng, 0, 5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete object[key];
      return root;
    case 1:
      if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
      else object[pick(rng, ["x", "0", `${key}x`, "toString"])] = structuredClone(object[key]);
      return root;
    case 2: {
      const other = pick(rng, all);
      object[key] = structuredClone((other.holder as Record<string, unknown>)[other.key]);
      return root;
    }
    default:
      object[key] = any();
      return root;
  }
}

/** Damages the structure of JSON, or sometimes its bytes. */
export const mutateJson: Mutate = (rng, bytes) => {
  if (integer(rng, 0, 3) === 0) return mutateBytes(rng, bytes);
  let root: unknown = JSON.parse(new TextDecoder().decode(bytes));
  for (let n = times(rng, 2); n > 0; n--) root = changeValue(rng, root);
  const text = JSON.stringify(root)
    .replaceAll(/"@(huge|deep|long)"/g, (name) => RAW[JSON.parse(name)]);
  return new TextEncoder().encode(text);
};

/** Damages the JSON header of a safetensors file, or its bytes. */
export const mutateSafetensors: Mutate = (rng, bytes) => {
  if (integer(rng, 0, 1) === 0) return mutateBytes(rng, bytes);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = mutateJson(rng, bytes.subarray(8, 8 + length));
  const out = splice(bytes, 8, length, header);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  return out;
};

/** Damages lines of text: repeats, drops or swaps parts of them, or changes bytes. */
export const mutateText: Mutate = (rng, bytes) => {
  if (integer(rng, 0, 1) === 0) return mutateBytes(rng, bytes);
  const parts = new TextDecoder().decode(bytes).split(/([\n,:|"&*\[\]{} ]+)/);
  for (let n = times(rng, 3); n > 0; n--) {
    const at = integer(rng, 0, parts.length - 1);
    const added = pick(rng, [
      "",
      "\n",
      ",",
      ":",
      '"',
      "&a",
      "*a",
      "null",
      "1e999",
      "- ",
      "x",
      "\0",
    ]);
    const choice = [added, parts[at] + parts[at], pick(rng, parts)];
    parts[at] = pick(rng, choice);
  }
  return new TextEncoder().encode(parts.join(""));
};
