import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { TensorSet } from "./tensor_set.ts";
import { readTorchTensors } from "./torch_checkpoint.ts";
import { interpretPickle } from "./torch_pickle.ts";

const formats = fromFileUrl(new URL("../../tests/reference/formats", import.meta.url));
const views = join(formats, "views.bin");

const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const pickle = (...parts: (string | number[])[]): Uint8Array =>
  new Uint8Array([0x80, 2, ...parts.flatMap((p) => typeof p === "string" ? text(p) : p), 0x2e]);

/** Writes `views.bin` with its bytes changed by `edit` and asserts that reading it fails. */
async function refusedViews(edit: (bytes: Uint8Array) => Uint8Array | void, part: string) {
  const path = await Deno.makeTempFile({ suffix: ".bin" });
  try {
    const bytes = await Deno.readFile(views);
    await Deno.writeFile(path, edit(bytes) ?? bytes);
    const error = await assertRejects(() => readTorchTensors(path), Error, part);
    assertEquals(error.message.includes(path), true, error.message);
  } finally {
    await Deno.remove(path);
  }
}

function indexOf(bytes: Uint8Array, pattern: number[], from = 0): number {
  for (let i = from; i + pattern.length <= bytes.length; i++) {
    if (pattern.every((byte, k) => bytes[i + k] === byte)) return i;
  }
  throw new Error("pattern not found");
}

Deno.test("readTorchTensors() honours strides, offsets, scalars, bfloat16 and int64", async () => {
  const file = new TensorSet(views, await readTorchTensors(views));
  assertEquals(file.names(), ["bf16", "i64", "row", "scalar", "view"]);
  assertEquals(file.info("view").shape, [8, 3]);
  const transposed = Array.from({ length: 8 }, (_, i) => [8 + i, 16 + i, 24 + i]).flat();
  assertEquals([...await file.read("view", [8, 3])], transposed);
  assertEquals([...await file.read("row", [8])], [16, 17, 18, 19, 20, 21, 22, 23]);
  assertEquals(file.info("scalar"), { name: "scalar", dtype: "F32", shape: [], file: views });
  assertEquals((await file.read("scalar")).length, 1);
  assertEquals(file.info("bf16").dtype, "BF16");
  assertEquals(file.info("i64").dtype, "I64");
  const integers = await file.read("i64", [2]);
  assertEquals([...integers].every(Number.isInteger), true);
});

Deno.test("readTorchTensors() refuses a pickle that runs a command, and runs nothing", async () => {
  const path = join(formats, "malicious_bin/pytorch_model.bin");
  const error = await assertRejects(() => readTorchTensors(path), Error, "posix.system");
  assertEquals(error.message.includes(path), true);
  await assertRejects(() => Deno.stat("/tmp/pickle_was_executed"), Deno.errors.NotFound);
});

Deno.test("readTorchTensors() refuses views beyond their storage", async () => {
  // BININT1 8, BININT1 8, BININT1 3, TUPLE2: offset and shape of `view`
  const place = (bytes: Uint8Array) => indexOf(bytes, [0x4b, 8, 0x4b, 8, 0x4b, 3, 0x86]);
  await refusedViews((bytes) => void (bytes[place(bytes) + 5] = 200), "tensor view");
  await refusedViews((bytes) => void (bytes[place(bytes) + 1] = 20), "ends at element");
  // BININT1 40, TUPLE: the elements of the storage, raised above the 160 bytes of its entry
  await refusedViews((bytes) => {
    const at = indexOf(bytes, [0x4b, 40, 0x74]);
    bytes[at + 1] = 200;
    bytes[place(bytes) + 5] = 20;
  }, "160 bytes");
});

Deno.test("readTorchTensors() refuses compressed and truncated archives, and other formats", async () => {
  await refusedViews((bytes) => {
    const directory = indexOf(bytes, [0x50, 0x4b, 0x01, 0x02]);
    bytes[directory + 10] = 8; // deflate
  }, "compressed");
  await refusedViews((bytes) => bytes.slice(0, bytes.length - 40), "truncated");
  await refusedViews(() => new Uint8Array([0x80, 2, 0x8a, 0x0a, 1, 2, 3]), "PyTorch 1.6");
  await refusedViews((bytes) => {
    const directory = indexOf(bytes, [0x50, 0x4b, 0x01, 0x02]);
    new DataView(bytes.buffer).setUint32(directory + 20, 1e9, true);
    new DataView(bytes.buffer).setUint32(directory + 24, 1e9, true);
  }, "overflows file bounds");
  await refusedViews((bytes) => {
    bytes.set(text("big   "), indexOf(bytes, text("little")));
  }, "byte order");
});

Deno.test("read() refuses a view that repeats elements", async () => {
  const path = await Deno.makeTempFile({ suffix: ".bin" });
  try {
    const bytes = await Deno.readFile(views);
    // strides (1, 8) of the [8, 3] view become (0, 8): eight equal rows
    const at = indexOf(bytes, [0x4b, 1, 0x4b, 8, 0x86]);
    bytes[at + 1] = 0;
    await Deno.writeFile(path, bytes);
    const file = new TensorSet(path, await readTorchTensors(path));
    await assertRejects(() => file.read("view"), Error, "tensor view");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("interpretPickle() reads numbers, strings, lists and dictionaries", () => {
  const value = interpretPickle(pickle(
    "}(",
    [0x8c, 1],
    "a",
    [0x4d, 0x01, 0x02],
    [0x8c, 1],
    "b",
    [0x8a, 2, 0x00, 0xff],
    [0x8c, 1],
    "c",
    "](N",
    [0x88, 0x89],
    "e",
    [0x8c, 1],
    "d",
    "G",
    [0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
    "u",
  ));
  assertEquals(
    value,
    new Map<string, unknown>([["a", 513], ["b", -256], ["c", [null, true, false]], ["d", 1.5]]),
  );
});

Deno.test("interpretPickle() refuses every other global and opcode, naming the byte", () => {
  const refuse = (bytes: Uint8Array, part: string) =>
    assertThrows(() => interpretPickle(bytes), Error, part);
  refuse(pickle("cbuiltins\neval\n"), "builtins.eval");
  refuse(pickle("cos\nsystem\n"), "pickle byte 2: the global os.system is forbidden");
  refuse(pickle([0x8c, 2], "os", [0x8c, 6], "system", [0x93]), "os.system");
  refuse(pickle("c__proto__\nconstructor\n"), "forbidden");
  refuse(pickle("cconstructor\n\n"), "forbidden");
  refuse(pickle("(itorch\nload\n"), "opcode 0x69"); // INST
  refuse(pickle("ccollections\nOrderedDict\n", [0x81]), "opcode 0x81"); // NEWOBJ
  refuse(pickle("ctorch\nFloatStorage\n)R"), "not callable");
  refuse(pickle("R"), "stack is empty");
  refuse(pickle("t"), "no mark");
  refuse(pickle("h", [7]), "memo 7");
  refuse(new Uint8Array([0x80, 9, 0x2e]), "protocol 9");
  refuse(new Uint8Array([0x80, 2, 0x58, 0xff, 0xff, 0xff, 0xff]), "ends too early");
  refuse(new Uint8Array([0x80, 2, 0x7d]), "ends too early");
});
