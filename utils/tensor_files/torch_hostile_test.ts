/** PyTorch files made to crash, hang or fill the memory: each is refused at once. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readTorchTensors } from "./torch_checkpoint.ts";
import { interpretPickle } from "./torch_pickle.ts";

const views = fromFileUrl(new URL("../../tests/reference/formats/views.bin", import.meta.url));
/** Bytes of the record at the end of an archive without a comment. */
const END = 22;

async function refused(bytes: Uint8Array, part: string): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".bin" });
  try {
    await Deno.writeFile(path, bytes);
    const error = await assertRejects(() => readTorchTensors(path), Error, part);
    assert(error.message.startsWith(`${path}: `), error.message);
  } finally {
    await Deno.remove(path);
  }
}

/** Returns `views.bin` with a locator of a zip64 directory at an offset. */
function withZip64At(offset: bigint): Uint8Array {
  const bytes = Deno.readFileSync(views);
  const locator = new Uint8Array(20);
  const view = new DataView(locator.buffer);
  view.setUint32(0, 0x07064b50, true);
  view.setBigUint64(8, offset, true);
  return new Uint8Array([...bytes.slice(0, -END), ...locator, ...bytes.slice(-END)]);
}

Deno.test("readTorchTensors() refuses a directory beyond the file, and beyond 2^53", async () => {
  const size = BigInt(Deno.statSync(views).size);
  for (const offset of [size + 30n, 2n ** 53n - 1n, 2n ** 60n, 2n ** 64n - 1n]) {
    await refused(withZip64At(offset), "not a readable PyTorch archive");
  }
});

Deno.test("readTorchTensors() refuses an archive of more entries than a model has tensors", async () => {
  const bytes = Deno.readFileSync(views);
  // PyTorch ends an archive with a zip64 record of 56 bytes, its locator of 20 bytes and the classic record
  const record = bytes.length - END - 20 - 56;
  assertEquals(new DataView(bytes.buffer).getUint32(record, true), 0x06064b50);
  for (const at of [24, 32]) {
    new DataView(bytes.buffer).setBigUint64(record + at, 200_000n, true);
  }
  await refused(bytes, "200000 entries");
});

const code = (...parts: (string | number[])[]): number[] =>
  parts.flatMap((part) => typeof part === "string" ? [...new TextEncoder().encode(part)] : part);
/** Sixty lists, each holding the one before twice: 2^60 values when written out. */
const shared = code(
  "]",
  [0x71, 0],
  ...Array.from({ length: 60 }, (_, i) => code("]", [0x71, i + 1], "h", [i], "ah", [i], "a")),
);
const short = (text: string) => code([0x8c, text.length], text);

Deno.test("interpretPickle() does not write out lists that share their parts", () => {
  const refuse = (...parts: (string | number[])[]) =>
    assertThrows(() => interpretPickle(new Uint8Array(code([0x80, 2], ...parts))), Error, "a list");
  refuse(shared, short("os"), "h", [60], [0x93]);
  refuse(shared, "(", short("storage"), "ctorch\nFloatStorage\n", short("0"), "N", "h", [60], "tQ");
});

Deno.test("interpretPickle() stops after more opcodes than tensors need", () => {
  const bytes = new Uint8Array(20_000_000).fill(0x7d);
  assertThrows(() => interpretPickle(bytes), Error, "more than 500000 opcodes");
});
