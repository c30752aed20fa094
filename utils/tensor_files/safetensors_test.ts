import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";

async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Assembles a file by hand: header length, header text, zero data bytes. */
function fileBytes(header: string, dataBytes: number, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

async function refused(header: unknown, dataBytes: number, ...parts: string[]): Promise<void> {
  await withFolder(async (dir) => {
    const path = join(dir, "x.safetensors");
    const text = typeof header === "string" ? header : JSON.stringify(header);
    await Deno.writeFile(path, fileBytes(text, dataBytes));
    const error = await assertRejects(() => readSafetensorsHeader(path), Error);
    for (const part of [path, ...parts]) {
      assertEquals(error.message.includes(part), true, `${error.message} lacks ${part}`);
    }
  });
}

Deno.test("writeSafetensors() lays out bytes as the format specifies", () =>
  withFolder(async (dir) => {
    const path = join(dir, "sub/x.safetensors");
    await writeSafetensors(path, {
      half: { dtype: "F16", shape: [2], data: [1, -2] },
      float: { dtype: "F32", shape: [1, 1], data: [1] },
    }, {});
    const bytes = await Deno.readFile(path);
    const n = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assertEquals(n % 8, 0, "the data is aligned");
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + n)));
    assertEquals(header.float, entry("F32", [1, 1], 0, 4), "wider elements first");
    assertEquals(header.half, entry("F16", [2], 4, 8));
    assertEquals([...bytes.subarray(8 + n)], [0, 0, 0x80, 0x3f, 0x00, 0x3c, 0x00, 0xc0]);
    assertEquals([...Deno.readDirSync(join(dir, "sub"))].length, 1, "no temporary file remains");
  }));

Deno.test("openSafetensors() reads back what writeSafetensors() wrote, in every format", () =>
  withFolder(async (dir) => {
    const path = join(dir, "x.safetensors");
    const dtypes = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8"] as const;
    const tensors = Object.fromEntries(
      dtypes.map((dtype) => [dtype, { dtype, shape: [2, 3], data: [0, 1, 2, 3, 64, 100] }]),
    );
    await writeSafetensors(path, tensors, { step: "5" });
    assertEquals((await readSafetensorsHeader(path)).metadata, { step: "5" });
    const file = await openSafetensors(path);
    assertEquals(file.names(), [...dtypes].sort());
    for (const dtype of dtypes) {
      assertEquals(file.info(dtype), { name: dtype, dtype, shape: [2, 3], file: path });
      assertEquals([...await file.read(dtype, [2, 3])], [0, 1, 2, 3, 64, 100], dtype);
    }
  }));

Deno.test("openSafetensors() reads scalars, empty tensors and several tensors concurrently", () =>
  withFolder(async (dir) => {
    const path = join(dir, "x.safetensors");
    await writeSafetensors(path, {
      scalar: { dtype: "F32", shape: [], data: [3] },
      empty: { dtype: "BF16", shape: [0, 4], data: [] },
      long: { dtype: "F16", shape: [5000], data: Array.from({ length: 5000 }, (_, i) => i % 2048) },
    });
    const file = await openSafetensors(path);
    const [scalar, empty, long] = await Promise.all(
      ["scalar", "empty", "long"].map((n) => file.read(n)),
    );
    assertEquals([[...scalar], [...empty]], [[3], []]);
    assertEquals(long.every((x, i) => x === i % 2048), true);
  }));

Deno.test("writeSafetensors() refuses a shape that does not match its data and leaves no file", () =>
  withFolder(async (dir) => {
    const path = join(dir, "x.safetensors");
    await assertRejects(
      () => writeSafetensors(path, { w: { dtype: "F32", shape: [2, 2], data: [1, 2, 3] } }),
      Error,
      "tensor w has shape [2,2]",
    );
    assertEquals([...Deno.readDirSync(dir)], []);
  }));

Deno.test("readSafetensorsHeader() refuses damaged and hostile headers, naming the file and tensor", async () => {
  await refused({ a: entry("F32", [2], 0, 8) }, 4, "tensor a", "truncated");
  await refused({ a: entry("F32", [2], 0, 4) }, 4, "tensor a", "4 bytes", "expected 8");
  await refused({ a: entry("F32", [-2], 0, 8) }, 8, "tensor a", "[-2]");
  await refused({ a: entry("F32", [1e300], 0, 8) }, 8, "tensor a", "1e+300");
  await refused({ a: entry("F32", [2 ** 40, 2 ** 40], 0, 8) }, 8, "tensor a", "expected");
  await refused({ a: entry("F32", "2", 0, 8) }, 8, "tensor a", "shape");
  await refused({ a: entry("F32", [2], -8, 0) }, 8, "tensor a", "data_offsets");
  await refused({ a: entry("F4", [2], 0, 8) }, 8, "tensor a", "F4", "BF16");
  await refused({ a: null }, 8, "tensor a");
  await refused(
    { a: entry("F32", [2], 0, 8), b: entry("F32", [2], 4, 12) },
    12,
    "tensor b",
    "overlapping",
  );
  await refused({ a: entry("F32", [2], 0, 8), b: entry("F32", [1], 12, 16) }, 16, "b", "a hole");
  await refused({ a: entry("F32", [1], 0, 4) }, 400, "400");
  await refused("[1, 2]", 0, "an object", "[1,2]");
  await refused({ __metadata__: null }, 0, "__metadata__", "null");
  await refused({ __metadata__: { format: 3 } }, 0, "__metadata__");
  await refused("{broken", 0, "not valid JSON");
});

Deno.test("readSafetensorsHeader() refuses impossible header lengths without allocating them", () =>
  withFolder(async (dir) => {
    const path = join(dir, "x.safetensors");
    for (const length of [3n, 101n, 2n ** 40n, 2n ** 64n - 1n]) {
      await Deno.writeFile(path, fileBytes("{}", 0, length));
      await assertRejects(() => readSafetensorsHeader(path), Error, "header should be");
    }
    await Deno.writeFile(path, new Uint8Array(5));
    await assertRejects(() => readSafetensorsHeader(path), Error, "only 5 bytes");
  }));
